import { createConnection } from 'node:net';

/** Who is behind a port: the program that was meant, another one, somebody who says nothing, or nobody. */
export type Answer = 'expected' | 'other' | 'silent' | 'closed';

/** What to say to a server, and what it says if it is the one that is meant. */
export interface Greeting {
  readonly send: Buffer;
  readonly isAnswer: (answer: Buffer) => boolean;
}

/** Connects to a port of this machine, and says the greeting if there is one. It takes no longer than the limit. */
export const probe = (port: number, limit: number, greeting?: Greeting): Promise<Answer> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let connected = false;
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(connected ? 'silent' : 'closed'), limit);
    socket.once('error', () => finish(connected ? 'other' : 'closed'));
    socket.once('close', () => finish('other'));
    socket.once('connect', () => {
      connected = true;
      if (greeting === undefined) finish('expected');
      else socket.write(greeting.send);
    });
    socket.once('data', (data) => finish(greeting?.isAnswer(data) === false ? 'other' : 'expected'));
  });
