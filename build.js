// Bundles the CLI into one file: start-up reads one module, and an installed mlsys has no dependency to resolve.
import { build } from 'esbuild';

/** The editor prompt is not used, and brings half a megabyte of character encodings. */
const withoutEditorPrompt = {
  name: 'without-editor-prompt',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@inquirer\/editor$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default undefined;' }));
  },
};

await build({
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/mlsys.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [withoutEditorPrompt],
  // Some bundled packages are CommonJS and call require for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
});
