'use strict';

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const ANSWER_DEADLINE_MS = 10_000;
/** Has to fit into a table. */
const LONGEST_COMPLAINT = 120;
/** Linux reports process times to programs in this unit on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Ended with this process however it ends: nginx and haproxy would outlive it. */
const living = new Set();
process.on('exit', () => living.forEach((child) => child.end()));

/** A server in a process of its own: the upstream or a contestant. */
class Child {
  #process;
  #isNode;
  #scheme;
  #directory;
  #stderr = '';

  /** @param {{ script?: string, command?: import('./contestants/index.js').Command }} what */
  static async start(what, { target, hooks, interceptor, over, front, sockets, prefix }) {
    const child = new Child();
    child.port = await freePort();
    child.#scheme = front === undefined ? 'http' : 'https';
    child.#directory = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-bench-'));
    child.#isNode = what.script !== undefined;
    const [command, ...args] = [
      ...prefix,
      ...(child.#isNode
        ? [process.execPath, what.script]
        : what.command(child.#directory, child.port, target, { front, sockets })),
    ];
    const env = { ...process.env, PORT: String(child.port), TARGET: target ?? '' };
    Object.assign(env, { HOOKS: hooks ?? '', INTERCEPTOR: interceptor ? '1' : '0' });
    Object.assign(env, { OVER: over ?? '', FRONT: front ?? '' });
    // nginx and haproxy live where only root's PATH looks.
    env.PATH = `${env.PATH}:/usr/sbin`;
    const stdio = ['ignore', 'ignore', 'pipe', ...(child.#isNode ? ['ipc'] : [])];
    child.#process = spawn(command, args, { env, stdio });
    living.add(child);
    child.#process.stderr.setEncoding('utf8').on('data', (text) => {
      child.#stderr = (child.#stderr + text).slice(-4000);
    });
    child.#process.on('error', (error) => (child.#stderr += error.message));
    try {
      await child.#accepting();
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  }

  get url() {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get running() {
    return (
      this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /** The line of its error output that says most about why it ended. */
  get complaint() {
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    const line = lines.find((one) => /^\w*Error\b/.test(one)) ?? lines[0] ?? 'no error output';
    return line.slice(0, LONGEST_COMPLAINT);
  }

  /** User and system time so far in µs, all threads; null where it cannot be told. */
  async cpuTime() {
    if (!this.running) throw new Error(`ended: ${this.complaint}`);
    if (process.platform === 'linux') {
      const stat = fs.readFileSync(`/proc/${this.#process.pid}/stat`, 'latin1');
      // The second field is the program's name and may hold spaces; utime and stime are fields 14 and 15.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
    }
    if (!this.#isNode) return null;
    const answer = once(this.#process, 'message', { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
    this.#process.send('cpu');
    const [{ user, system }] = await answer;
    return user + system;
  }

  /** Bytes of memory that it holds; null where it cannot be told. */
  get memory() {
    if (process.platform !== 'linux') return null;
    const status = fs.readFileSync(`/proc/${this.#process.pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
  }

  async stop() {
    const exited = this.running ? once(this.#process, 'exit') : null;
    this.end();
    await exited;
  }

  /** As `stop`, without waiting. */
  end() {
    living.delete(this);
    this.#process.kill('SIGKILL');
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }

  async #accepting() {
    const deadline = Date.now() + ANSWER_DEADLINE_MS;
    while (Date.now() < deadline) {
      await sleep(50);
      if (!this.running) throw new Error(`did not start: ${this.complaint}`);
      if (await connects(this.port)) return;
    }
    throw new Error(`did not listen within ${ANSWER_DEADLINE_MS / 1000} s: ${this.complaint}`);
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

module.exports = { Child };
