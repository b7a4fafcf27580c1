import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";

const gateway = process.env["TIDEGATE"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The helper is a link to its own folder, and read as it is written there, with tools of its own beside it: all of
    // these are ours.
    conditions: ["tidegate-source", ...defaultClientConditions],
    dedupe: ["graphql-ws", "react", "react-dom", "socket.io-client"],
  },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: true },
  // `npm run dev` beside `tidegate serve examples/servicedesk --demo`.
  server: {
    proxy: {
      "/graphql": { target: gateway, ws: true },
      "/socket.io": { target: gateway, ws: true },
      "/demo": gateway,
    },
  },
});
