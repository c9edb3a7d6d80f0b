import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { programsOnPath } from '../adapters/exec.js';
import type { ProjectManifest } from '../schema/project.js';
import { type Check, type Facts, type Finding, ok, skip } from './check.js';
import { type Answer, type Greeting, probe } from './probe.js';

type Service = ProjectManifest['services'][number];

const limit = 200;

/** How to tell a server from another program on its port. */
const greetings: readonly (readonly [RegExp, Greeting])[] = [
  [/redis|valkey/, { send: Buffer.from('PING\r\n'), isAnswer: (data) => /^[+-]/.test(data.toString('latin1')) }],
  [
    /mlflow/,
    {
      send: Buffer.from('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
      isAnswer: (data) => /^HTTP\/1\.[01] 200 /.test(data.toString('latin1')),
    },
  ],
  [
    /kafka|redpanda/,
    {
      // ApiVersions, version 0, with correlation id 7 and no client id: length, key, version, id, client.
      send: Buffer.from('0000000a0012000000000007ffff', 'hex'),
      isAnswer: (data) => data.length >= 8 && data.readUInt32BE(4) === 7,
    },
  ],
];

/** A check for each service that the layers of a project declare. */
export const serviceChecks = (facts: Facts): Check[] => (facts.manifest.value?.services ?? []).map(checkOf);

function checkOf(service: Service): Check {
  return {
    name: `service-${service.name}`,
    title: `service ${service.name}`,
    run: async (facts) => {
      const ports = service.ports.flatMap((mapping) => hostPort(mapping, facts.ctx.env) ?? []);
      const [first, ...more] = ports;
      if (first === undefined) return skip('it declares no port of this machine');
      const greeting = greetings.find(([name]) => name.test(`${service.name} ${service.image}`))?.[1];
      const answers = await Promise.all([probe(first, limit, greeting), ...more.map((port) => probe(port, limit))]);
      return judge(facts, service, { ports, answers });
    },
  };
}

interface Probed {
  readonly ports: readonly number[];
  readonly answers: readonly Answer[];
}

/** A service that does not run is no fault: the embedded defaults stand in for it. */
function judge(facts: Facts, service: Service, { ports, answers }: Probed): Finding {
  const where = `port ${ports.join(', ')}`;
  if (answers[0] === 'other') {
    const found = `${where} is in use by something else`;
    return { status: 'warn', found, fix: `end what uses it, or give ${service.name} another port` };
  }
  const closed = ports.filter((_, i) => answers[i] === 'closed');
  if (closed.length === 0) return ok(`up, ${where}`);
  if (closed.length < ports.length) {
    const found = `port ${closed.join(', ')} is closed, though another one answers`;
    return { status: 'warn', found, fix: `start it again: ${startOf(facts, service)}` };
  }
  return { ...skip(`not running (${where})`), fix: startOf(facts, service) };
}

function startOf({ ctx, root }: Facts, { name, image, ports }: Service): string {
  const engines = ['docker', 'podman'];
  const engine = engines.find((one) => programsOnPath(ctx.env, ctx.platform, one).length > 0) ?? 'docker';
  const compose = ['compose.yaml', 'compose.yml', 'docker-compose.yml'];
  if (compose.some((file) => existsSync(join(root ?? ctx.cwd, file)))) return `${engine} compose up -d ${name}`;
  return `${engine} run -d --rm ${ports.map((mapping) => `-p ${mapping} `).join('')}${image}`;
}

/** The port of this machine in a mapping of compose: `6379:6379`, `127.0.0.1:${PORT:-6379}:6379/tcp`. */
export function hostPort(mapping: string, env: NodeJS.ProcessEnv): number | undefined {
  const filled = mapping.replace(/\$\{(\w+)(?::?-([^}]*))?\}/g, (_, name: string, other = '') => env[name] || other);
  const match = /^(?:.*:)?(\d{1,5}):\d{1,5}(?:\/tcp)?$/.exec(filled);
  const port = Number(match?.[1]);
  return port > 0 && port < 65_536 ? port : undefined;
}
