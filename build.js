// Bundles the CLI into one file: start-up reads one module, and an installed mlsys has no dependency to resolve.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

/** The editor prompt is not used, and brings half a megabyte of character encodings. */
const withoutEditorPrompt = {
  name: 'without-editor-prompt',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@inquirer\/editor$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default undefined;' }));
  },
};

const { outputFiles } = await build({
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/mlsys.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Code of CommonJS can be kept compiled, which a module's can't: see bin/code-cache.js.
  format: 'cjs',
  write: false,
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [withoutEditorPrompt],
  banner: { js: "'use strict';const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': '__bundleUrl' },
});

await mkdir('dist', { recursive: true });
await writeFile('dist/package.json', '{ "type": "commonjs" }\n');
for (const { path, contents } of outputFiles) {
  // The launcher tells builds apart by the last line.
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16);
  await writeFile(path, path.endsWith('.js') ? Buffer.concat([contents, Buffer.from(`//${hash}\n`)]) : contents);
}
