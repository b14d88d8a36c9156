import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * A small program inside a network namespace, in place of a container: it serves and asks on
 * command. Run as a script it takes commands as JSON lines; imported it is the other end of that.
 */
interface Commands {
  /** Answers whoever comes with `NAME sees ADDRESS`. */
  serve(protocol: 'tcp' | 'udp', port: number): Promise<'serving'>;
  /** What a server says, or the code of the error; a datagram leaves by the port `from`. */
  ask(protocol: 'tcp' | 'udp', address: string, port: number, from?: number): Promise<string>;
  /** Addresses of a name, or the code of the error. */
  resolve(server: string, name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<string>;
}

export interface Peer extends Commands, AsyncDisposable {}

const patienceMs = 1500;
const self = fileURLToPath(import.meta.url);

/** A peer in the namespace kept at `path`, '' for the network the test is in; starts when needed. */
export function startPeer(name: string, path: string): Peer {
  const waiting: ((answer: string) => void)[] = [];
  let child: ReturnType<typeof start> | undefined;
  function start() {
    const command = [process.execPath, self, name];
    const [program, ...args] = path === '' ? command : ['nsenter', `--net=${path}`, ...command];
    const started = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(started.stdout);
    lines.on('line', (line) => waiting.shift()?.(JSON.parse(line) as string));
    started.once('exit', (code) => {
      for (const answer of waiting) answer(`peer ${name} ended with ${code}`);
    });
    return started;
  }
  const send = (verb: string, ...values: unknown[]) =>
    new Promise<string>((resolve) => {
      child ??= start();
      waiting.push(resolve);
      child.stdin.write(`${JSON.stringify([verb, ...values])}\n`);
    });
  return {
    serve: (...values) => send('serve', ...values) as Promise<'serving'>,
    ask: (...values) => send('ask', ...values),
    resolve: (...values) => send('resolve', ...values),
    [Symbol.asyncDispose]: async () => child && ended(child),
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function commandsOf(name: string): Commands {
  return {
    serve(protocol, port) {
      return new Promise((resolve) => {
        if (protocol === 'tcp') {
          const server = createServer((socket) => {
            socket.on('error', () => {});
            socket.end(`${name} sees ${socket.remoteAddress?.replace('::ffff:', '')}`);
          });
          server.listen(port, () => resolve('serving'));
          return;
        }
        const socket = createSocket('udp6');
        socket.on('message', (_, from) => {
          const address = from.address.replace('::ffff:', '');
          socket.send(`${name} sees ${address}`, from.port, from.address);
        });
        socket.bind(port, () => resolve('serving'));
      });
    },
    ask(protocol, address, port, from = 0) {
      return new Promise((resolve) => {
        if (protocol === 'tcp') {
          let text = '';
          const socket = connect({ port, host: address });
          socket.setTimeout(patienceMs, () => socket.destroy());
          socket.on('data', (chunk) => {
            text += chunk;
          });
          socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
          socket.on('close', () => resolve(text || 'silence'));
          return;
        }
        const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
        const timer = setTimeout(() => done('silence'), patienceMs);
        const done = (answer: string) => {
          clearTimeout(timer);
          socket.close();
          resolve(answer);
        };
        socket.once('message', (message) => done(String(message)));
        socket.bind(from, () => socket.connect(port, address, () => socket.send('hello')));
        socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'error'));
      });
    },
    async resolve(server, asked, type) {
      const resolver = new Resolver({ timeout: patienceMs, tries: 1 });
      resolver.setServers([server]);
      try {
        const answers = type === 'PTR' ? resolver.reverse(asked) : resolver.resolve(asked, type);
        return ((await answers) as string[]).sort().join(' ');
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? 'error';
      }
    },
  };
}

if (process.argv[1] === self) {
  const commands = commandsOf(process.argv[2]!);
  const commandLines = createInterface(process.stdin);
  commandLines.on('close', () => process.exit());
  commandLines.on('line', async (line) => {
    const [verb, ...values] = JSON.parse(line) as [keyof Commands, ...never[]];
    const work = commands[verb] as (...values: never[]) => Promise<string>;
    console.log(JSON.stringify(await work(...values)));
  });
}
