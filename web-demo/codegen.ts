import type { CodegenConfig } from "@graphql-codegen/cli";

// `make` puts the schema there: tidegate schema examples/servicedesk > web-demo/build/schema.graphql
const config: CodegenConfig = {
  schema: "build/schema.graphql",
  documents: ["src/**/*.{ts,tsx}"],
  generates: {
    "build/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        enumsAsTypes: true,
        scalars: { DateTime: "string", ID: "string" },
        useTypeImports: true,
      },
    },
  },
};

export default config;
