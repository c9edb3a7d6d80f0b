import { describe, expect, it } from 'vitest';
import { compose } from '../../../src/core/compose.js';
import { layerOf, link } from '../../helpers/template.js';

const answers = { project_name: 'my-project', package_name: 'my_project', api: false, use_case: 'mapper' };
const paths = (...layers: Parameters<typeof compose>[0]) => [...compose(layers, answers).files.keys()].sort();
const data = (...layers: Parameters<typeof compose>[0]) => compose(layers, answers).data;

describe('the files of several layers', () => {
  it('are those of all, with names filled in and endings dropped', () => {
    const base = layerOf({}, { 'src/{{package_name}}/a.py': '', 'README.md.hbs': '', 'b.hbs.txt': '' });
    const forest = layerOf({ name: 'forest' }, { 'src/{{package_name}}/forest.py': '' });
    expect(paths(base, forest)).toEqual(['README.md', 'b.hbs.txt', 'src/my_project/a.py', 'src/my_project/forest.py']);
  });

  it.each([
    ['the same path', { a: '' }, { a: '' }],
    ['the same path once rendered', { 'a/{{package_name}}': '' }, { 'a/my_project': '' }],
    ['the same path once the ending is dropped', { a: '' }, { 'a.hbs': '' }],
  ])('with %s are an error that names both', (_, one, two) => {
    expect(() => paths(layerOf({}, one), layerOf({ name: 'forest' }, two))).toThrow(
      /two files have the path .*templates\/base\/files\/.* and branches\/forest\/files\//,
    );
  });

  it('of one layer can’t have one path either', () => {
    expect(() => paths(layerOf({}, { a: '', 'a.hbs': '' }))).toThrow(/two files have the path a/);
  });

  it.each([
    [{ 'Readme.md': '' }, { 'README.md': '' }],
    [{ a: '' }, { 'a/b': '' }],
    [{ 'Src/x': '' }, { 'src/y': '' }],
  ])('that collide where case is ignored are refused: %j and %j', (one, two) => {
    expect(() => paths(layerOf({}, one), layerOf({ name: 'forest' }, two))).toThrow(/can't both exist/);
  });

  it.each(['../x', '/x', '.git/config', '.GIT/hooks/x.hbs', 'a/../../x', 'git~1/x'])('can’t be at %s', (path) => {
    expect(() => paths(layerOf({}, { [path]: '' }))).toThrow(/templates\/base\/files\/.*: the path /);
  });

  it.each([
    ['a', '../x'],
    ['{{package_name}}/a', '../../x'],
    ['a', '/etc/passwd'],
  ])('can’t be a link %s → %s', (path, target) => {
    expect(() => paths(layerOf({}, { [path]: link(target) }))).toThrow(/symbolic link that leaves the root/);
  });

  it('keep the ending of a link, which is never rendered', () => {
    const [file] = compose([layerOf({}, { 'a.hbs': link('b') })], answers).files;
    expect(file).toEqual(['a.hbs', expect.objectContaining({ mode: '120000', template: false })]);
  });
});

describe('a file with a condition', () => {
  const layer = (condition: string, files = ['x/**']) =>
    layerOf({ when: [{ files, if: condition }] }, { 'x/a': '', 'x/.b': '', 'x/y/c': '', z: '' });

  it.each([
    ['api', ['z']],
    ['not api', ['x/.b', 'x/a', 'x/y/c', 'z']],
    ['use_case == mapper', ['x/.b', 'x/a', 'x/y/c', 'z']],
    ['branch forest', ['z']],
  ])('is there only where %s holds', (condition, expected) => {
    expect(paths(layer(condition))).toEqual(expected);
  });

  it('is there beside another branch', () => {
    expect(paths(layer('branch forest'), layerOf({ name: 'forest' }))).toContain('x/a');
  });

  it('needs all of its conditions', () => {
    const both = layerOf(
      {
        when: [
          { files: ['a'], if: 'not api' },
          { files: ['a'], if: 'branch forest' },
        ],
      },
      { a: '' },
    );
    expect(paths(both)).toEqual([]);
    expect(paths(both, layerOf({ name: 'forest' }))).toEqual(['a']);
  });

  it('of one layer leaves the files of another alone', () => {
    expect(paths(layer('api', ['**']), layerOf({ name: 'forest' }, { 'x/other': '' }))).toEqual(['x/other']);
  });

  it('is found by the path it will have', () => {
    const named = layerOf(
      { when: [{ files: ['src/{{package_name}}/api/**'], if: 'api' }] },
      { 'src/{{package_name}}/api/a.py.hbs': '', 'src/{{package_name}}/b.py': '' },
    );
    expect(paths(named)).toEqual(['src/my_project/b.py']);
  });

  it('may stand where another has its path, if only one of them is there', () => {
    const one = layerOf({ when: [{ files: ['a'], if: 'api' }] }, { a: 'one' });
    const two = layerOf({ name: 'forest', when: [{ files: ['a'], if: 'not api' }] }, { a: 'two' });
    expect(paths(one, two)).toEqual(['a']);
  });

  it('is refused where the condition can’t be read', () => {
    expect(() => paths(layer('api &&'))).toThrow(/can't be read/);
  });
});

it('marks the files that an update never touches', () => {
  const { files } = compose([layerOf({ once: ['data/**'] }, { 'data/a.csv': '', 'b.csv': '' })], answers);
  expect([...files].filter(([, { once }]) => once).map(([path]) => path)).toEqual(['data/a.csv']);
});

describe('the data of several layers', () => {
  it('holds every requirement once, by name', () => {
    const base = layerOf({ python: { dependencies: ['typer>=1', 'Pydantic>=2'], dev: ['ruff'] } });
    const forest = layerOf({ name: 'forest', python: { dependencies: ['numpy', 'typer>=1', 'pydantic-settings'] } });
    expect(data(base, forest)).toMatchObject({
      dependencies: ['numpy', 'Pydantic>=2', 'pydantic-settings', 'typer>=1'],
      dev_dependencies: ['ruff'],
    });
  });

  it('holds extras of one name together, and the indexes whose condition holds', () => {
    const url = 'https://example.com/simple';
    const index = (name: string, condition?: string) => ({
      ...{ name, url, packages: ['torch'] },
      ...(condition === undefined ? {} : { if: condition }),
    });
    const base = layerOf({ python: { extras: { docs: ['b'], all: [] }, indexes: [index('x', 'api'), index('y')] } });
    const forest = layerOf({ name: 'forest', python: { extras: { docs: ['a', 'b'] }, conflicts: [['docs', 'all']] } });
    expect(data(base, forest)).toMatchObject({
      extras: [
        { name: 'all', requirements: [] },
        { name: 'docs', requirements: ['a', 'b'] },
      ],
      conflicts: [['docs', 'all']],
      indexes: [{ name: 'y', url, packages: ['torch'] }],
    });
  });

  it('holds folders of code that types are checked in, each once', () => {
    const base = layerOf({ python: { typed: ['tools'] } });
    const forest = layerOf({ name: 'forest', python: { typed: ['examples', 'tools'] } });
    expect(data(base, forest)).toMatchObject({ typed: ['examples', 'tools'] });
  });

  it('puts together as what packages are imported, and which no layer imports', () => {
    const base = layerOf({ python: { imports: { pyyaml: ['yaml'], pydantic: [], uvloop: [] } } });
    const forest = layerOf({ name: 'forest', python: { imports: { pydantic: ['pydantic', 'core'], pyyaml: [] } } });
    expect(data(base, forest)).toMatchObject({
      module_names: [
        { name: 'pydantic', modules: ['core', 'pydantic'] },
        { name: 'pyyaml', modules: ['yaml'] },
      ],
      not_imported: ['uvloop'],
    });
  });

  it('a branch says which rules of ruff do not fit which of its files, and why', () => {
    const lint = [{ files: 'src/**/forest/**', allow: ['S608'], why: 'it writes SQL' }];
    expect(data(layerOf({}), layerOf({ name: 'forest', python: { lint } }))).toMatchObject({ lint });
  });

  it('holds plugins by group and name, in the package where they begin with a dot', () => {
    const base = layerOf({ plugins: { commands: { zoo: 'other.mod:app' } } });
    const forest = layerOf({ name: 'forest', plugins: { commands: { ape: '.forest.cli:app' }, apis: { a: '.x:y' } } });
    expect(data(base, forest).plugins).toEqual([
      { group: 'apis', entries: [{ name: 'a', target: 'my_project.x:y' }] },
      {
        group: 'commands',
        entries: [
          { name: 'ape', target: 'my_project.forest.cli:app' },
          { name: 'zoo', target: 'other.mod:app' },
        ],
      },
    ]);
  });

  it('refuses a plugin that two layers declare', () => {
    const declaring = (name: string) => layerOf({ name, plugins: { commands: { llm: '.a:b' } } });
    expect(() => data(declaring('main'), declaring('forest'))).toThrow(/the plugin llm of commands.*branches\/forest/);
  });

  it('holds one variable that two layers declare in the same way, and refuses two different ones', () => {
    const declaring = (name: string, help: string) => layerOf({ name, env: { API_KEY: { help } } });
    expect(data(declaring('main', 'A key'), declaring('forest', 'A key')).env).toEqual([
      { name: 'API_KEY', layer: 'main', required: false, secret: false, default: '', help: 'A key' },
    ]);
    expect(() => data(declaring('main', 'A key'), declaring('forest', 'Another'))).toThrow(/API_KEY of env/);
  });

  it('holds services, processes and workflows with their own keys, and what the image has', () => {
    const base = layerOf({
      services: {
        redis: { image: 'redis:8', volumes: { 'redis-data': '/data' }, files: { 'deploy/redis': '/etc/redis' } },
      },
      workflows: { gpu: { title: 'On a GPU', tasks: ['train'], runs_on: ['self-hosted', 'gpu'] } },
    });
    const forest = layerOf({
      name: 'forest',
      services: { kafka: { image: 'kafka', volumes: { 'redis-data': '/x' } } },
      processes: { rangers: { command: ['rangers', 'watch'], help: 'Looks for fires' } },
      image: { extras: ['radio', 'maps'], folders: ['routes'] },
    });
    expect(data(base, forest)).toMatchObject({
      services: [
        { name: 'kafka', layer: 'forest' },
        {
          name: 'redis',
          image: 'redis:8',
          ports: [],
          mounts: ['redis-data:/data', './deploy/redis:/etc/redis:ro'],
          layer: 'main',
        },
      ],
      volumes: ['redis-data'],
      image_extras: ['maps', 'radio'],
      image_folders: ['routes'],
      processes: [{ name: 'rangers', command: ['rangers', 'watch'], help: 'Looks for fires', layer: 'forest' }],
      workflows: [{ name: 'gpu', runs_on: ['self-hosted', 'gpu'], minutes: 45, extras: [], layer: 'main' }],
    });
  });

  it('holds the section of each layer for the README, rendered with all the other data', () => {
    const base = layerOf({}, {}, 'Packages: {{#each dependencies}}{{md this}} {{/each}}');
    const forest = layerOf({ name: 'forest', python: { dependencies: ['numpy'] }, docs: { pages: [] } });
    expect(data(base, forest).docs).toEqual([
      { layer: 'main', title: 'Title of main', readme: 'Packages: numpy ', pages: [] },
      { layer: 'forest', title: 'Title of forest', readme: '', pages: [] },
    ]);
  });

  it('lists the branches without the base', () => {
    expect(data(layerOf(), layerOf({ name: 'forest' })).branches).toEqual([
      { name: 'forest', title: 'Title of forest', summary: 'Summary of forest' },
    ]);
  });
});

describe('a part of a layer', () => {
  const part = {
    if: 'api',
    files: ['src/{{package_name}}/api/**'],
    python: { dependencies: ['fastapi>=0.165'], dev: ['httpx'], extras: { ui: ['nicegui'], gpu: ['b'] } },
    env: { API_SECRET: { secret: true } },
    plugins: { commands: { api: '.api.cli:app' }, routers: { models: '.api.models:router' } },
    tasks: { 'run-api': { command: '{{project_name}} api run', help: 'Serve' } },
    services: { redis: { image: 'redis:8' } },
    workflows: { image: { title: 'Image', tasks: ['build'] } },
    pages: [{ path: 'docs/api.md', title: 'API' }],
  };
  const layer = layerOf(
    {
      python: { dependencies: ['numpy'], extras: { gpu: ['a'] } },
      plugins: { commands: { data: '.data.cli:app' } },
      parts: [part],
    },
    { 'src/{{package_name}}/api/cli.py': '', 'src/{{package_name}}/data/cli.py': '' },
  );
  const made = (api: boolean) => compose([layer], { ...answers, api });

  it('is there with all that belongs to it, beside what the layer says itself', () => {
    const { files, data: composed } = made(true);
    expect([...files.keys()]).toEqual(['src/my_project/api/cli.py', 'src/my_project/data/cli.py']);
    expect(composed).toMatchObject({
      dependencies: ['fastapi>=0.165', 'numpy'],
      dev_dependencies: ['httpx'],
      extras: [
        { name: 'gpu', requirements: ['a', 'b'] },
        { name: 'ui', requirements: ['nicegui'] },
      ],
      env: [{ name: 'API_SECRET', secret: true }],
      plugins: [
        {
          group: 'commands',
          entries: [
            { name: 'api', target: 'my_project.api.cli:app' },
            { name: 'data', target: 'my_project.data.cli:app' },
          ],
        },
        { group: 'routers', entries: [{ name: 'models', target: 'my_project.api.models:router' }] },
      ],
      services: [{ name: 'redis' }],
      workflows: [{ name: 'image', tasks: ['build'] }],
      docs: [{ pages: [{ path: 'docs/api.md', title: 'API', link: 'api.md' }] }],
    });
    expect(composed.tasks.map((task) => task.command)).toContainEqual(['my-project api run']);
  });

  it('leaves nothing behind where its condition does not hold', () => {
    const { files, data: composed } = made(false);
    expect([...files.keys()]).toEqual(['src/my_project/data/cli.py']);
    expect(composed).toMatchObject({
      dependencies: ['numpy'],
      dev_dependencies: [],
      extras: [{ name: 'gpu', requirements: ['a'] }],
      env: [],
      plugins: [{ group: 'commands', entries: [{ name: 'data', target: 'my_project.data.cli:app' }] }],
      tasks: [],
      services: [],
      workflows: [],
      docs: [{ pages: [] }],
    });
  });
});
