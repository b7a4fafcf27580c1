import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const gateway = process.env["TIDEGATE"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The helper is a link to its own folder, with tools of its own beside it: all of these are ours.
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
