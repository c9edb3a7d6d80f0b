import semver from 'semver';
import * as z from 'zod';

/** Names that templates see beside the answers; a question can't have one of them. */
export const composedNames = [
  'project_name',
  'package_name',
  'branches',
  'dependencies',
  'dev_dependencies',
  'extras',
  'conflicts',
  'indexes',
  'typed',
  'lint',
  'module_names',
  'not_imported',
  'env',
  'plugins',
  'tasks',
  'services',
  'processes',
  'image_extras',
  'image_folders',
  'volumes',
  'workflows',
  'docs',
] as const;

const slug = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be words of a-z and 0-9 joined by "-"');
/** A command is a slug, a configuration group an identifier of Python. */
const pluginName = z
  .string()
  .regex(/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/, 'must be words of a-z and 0-9 joined by "-" or "_"');
const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'must be letters a-z, digits and "_"')
  .refine((name) => !(composedNames as readonly string[]).includes(name), 'is a name that mlsys gives itself');
const line = z.string().regex(/^[^\n\r]+$/, 'must be one line of text');
const glob = z.string().min(1);
const expression = z.string().min(1).describe('`api`, `use_case == mapper`, `branch chalk`, with not, and, or');
const envName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'must be capital letters, digits and "_"');

/** Zod's record drops nothing, so `__proto__` and its like must be refused by the key's own pattern. */
const record = <K extends z.ZodType<string, string>, V extends z.ZodType>(key: K, value: V) => z.record(key, value);

export const answerValue = z.union([z.string(), z.boolean(), z.number()]);
export type AnswerValue = z.infer<typeof answerValue>;

export const question = z
  .strictObject({
    type: z.enum(['string', 'boolean', 'integer', 'number', 'choice']).default('string'),
    default: answerValue.optional(),
    choices: z.array(z.string()).min(1).optional(),
    pattern: z.string().optional(),
    help: line.optional(),
    secret: z.boolean().default(false).describe('asked for, never stored in the lock'),
  })
  .refine(
    (q) => (q.type === 'choice') === (q.choices !== undefined),
    '`choices` belongs to `type: choice`, and only there',
  )
  .refine((q) => q.default !== undefined || q.secret, 'a question needs a `default`, so that --yes can answer it');
export type Question = z.infer<typeof question>;

const task = z
  .strictObject({
    command: z.union([line, z.array(line).min(1)]).optional(),
    steps: z.array(slug).min(1).optional(),
    help: line,
    needs: z
      .strictObject({
        gpu: z.boolean().default(false),
        services: z.array(slug).default([]),
        extras: z.array(z.string()).default([]),
      })
      .default({ gpu: false, services: [], extras: [] }),
  })
  .refine((t) => (t.command === undefined) !== (t.steps === undefined), 'a task has either `command` or `steps`');

const envVariable = z.strictObject({
  required: z.boolean().default(false),
  secret: z.boolean().default(false),
  default: z.string().default(''),
  help: line.default(''),
});

/** A container beside the REST service. Values may hold `${VARIABLE:?message}`, which compose fills in from `.env`. */
const service = z.strictObject({
  image: line,
  command: z.array(line).default([]),
  user: line.default(''),
  environment: record(envName, line).default({}),
  offers: record(envName, line).default({}).describe('variables that tell the REST service and its jobs of it'),
  ports: z.array(line).default([]).describe('127.0.0.1:6333:6333'),
  volumes: record(slug, line).default({}).describe('named volumes, and where they are in the container'),
  files: record(line, line)
    .default({})
    .describe('files and folders of the project, and where they are, to be read only'),
  healthcheck: line.default('').describe('a command of a shell; what depends on the service waits until it succeeds'),
  profiles: z.array(slug).default([]).describe('it starts only if one of them is asked for'),
  memory: z
    .string()
    .regex(/^\d+[mg]$/, 'must be a size such as 512m')
    .default('1g'),
});

const migration = z.strictObject({
  version: z.string().refine((text) => semver.valid(text) !== null, 'must be a version such as 2.0.0'),
  renames: z.array(z.strictObject({ from: z.string().min(1), to: z.string().min(1) })).default([]),
  note: z.string().optional().describe('what a person should know or do'),
});

/** A process of the project that never ends: one beside the REST service, in compose and in a cluster. */
const process = z.strictObject({
  command: z.array(line).min(1).describe('words of the command of the project, such as [features, schedule]'),
  help: line.describe('what it does, in one sentence'),
});

const image = z
  .strictObject({
    extras: z.array(slug).default([]).describe('extras of the project that the container image has'),
    folders: z.array(slug).default([]).describe('folders of the project that it has beside conf and src'),
  })
  .default({ extras: [], folders: [] });

const extras = record(slug, z.array(line)).default({});
const env = record(envName, envVariable).default({});
const plugins = record(slug, record(pluginName, z.string().regex(/^[.\w]+:\w+$/, 'must be module:object'))).default({});
const tasks = record(slug, task).default({});
const services = record(slug, service).default({});
const processes = record(slug, process).default({});
/** A job of the workflow `ci`, beside the one that runs every check. */
const workflow = z.strictObject({
  title: line,
  tasks: z.array(slug).min(1).describe('run one after the other'),
  extras: z.array(slug).default([]),
  runs_on: z.array(slug).min(1).default(['ubuntu-latest']).describe('labels of the machine'),
  minutes: z.int().positive().default(45),
});
const workflows = record(slug, workflow).default({});
const page = z.strictObject({
  path: z.string().regex(/^docs\/.+\.md$/, 'a page is a file such as docs/guides/fine-tuning.md'),
  title: line,
});
const pages = z.array(page).default([]);

/** What goes together and can be left out: files, and what a manifest says because of them. */
export const part = z.strictObject({
  if: expression,
  summary: line
    .optional()
    .describe('what it brings, in one sentence; `branch show` tells it where `if` names a branch'),
  files: z.array(glob).default([]),
  python: z
    .strictObject({ dependencies: z.array(line).default([]), dev: z.array(line).default([]), extras })
    .default({ dependencies: [], dev: [], extras: {} }),
  env,
  plugins,
  tasks,
  services,
  workflows,
  pages,
});

/** A distribution as its index writes it, such as `vaderSentiment`: a bare key of TOML. */
const distribution = z
  .string()
  .regex(/^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/, 'must be letters and digits joined by "-" or "_"');

/** A rule of ruff, such as `S608`. */
const lintRule = z.string().regex(/^[A-Z]{1,4}[0-9]{3,4}$/, 'must be a rule of ruff such as S608');

export const manifest = z.strictObject({
  name: slug,
  aliases: z.array(slug).default([]),
  title: line,
  summary: line,
  extends: z.array(slug).default([]),
  questions: record(identifier, question).default({}),
  requires: z
    .strictObject({
      mlsys: z
        .string()
        .refine((range) => semver.validRange(range) !== null, 'must be a range of versions such as >=0.1.0')
        .optional(),
      answers: z.array(expression).default([]),
      memory_gb: z.number().positive().optional(),
      disk_gb: z.number().positive().optional(),
      device: z.enum(['any', 'gpu', 'cuda', 'mps']).default('any'),
    })
    .default({ answers: [], device: 'any' }),
  when: z.array(z.strictObject({ files: z.array(glob).min(1), if: expression })).default([]),
  python: z
    .strictObject({
      dependencies: z.array(line).default([]),
      dev: z.array(line).default([]),
      extras,
      conflicts: z.array(z.array(slug).min(2)).default([]),
      indexes: z
        .array(
          z.strictObject({
            name: slug,
            url: z.url({ protocol: /^https$/ }),
            packages: z.array(slug).min(1),
            if: expression.optional(),
          }),
        )
        .default([]),
      typed: z.array(slug).default([]),
      lint: z.array(z.strictObject({ files: glob, allow: z.array(lintRule).min(1), why: line })).default([]),
      imports: record(
        distribution,
        z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a module')),
      )
        .default({})
        .describe('modules of packages that have other names; none where no statement imports them'),
    })
    .default({ dependencies: [], dev: [], extras: {}, conflicts: [], indexes: [], typed: [], lint: [], imports: {} }),
  env,
  plugins,
  tasks,
  services,
  processes,
  image,
  workflows,
  parts: z.array(part).default([]),
  docs: z.strictObject({ readme: z.string().optional(), pages }).default({ pages: [] }),
  checks: z
    .array(
      z.strictObject({
        name: slug,
        kind: z.enum(['command', 'file', 'port', 'setting']),
        value: line,
        fix: line,
        /** Of a setting: beginnings of its values, as regular expressions, and the variable that each needs; "" for none. */
        needs: record(line, z.union([envName, z.literal('')])).optional(),
        /** Of a setting: another, with which it is not known what its value needs. */
        at: line.optional(),
      }),
    )
    .default([]),
  once: z.array(glob).default([]),
  migrations: z.array(migration).default([]),
});
export type Manifest = z.infer<typeof manifest>;
