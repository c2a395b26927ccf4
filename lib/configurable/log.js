'use strict';

/** Lines for whoever runs it, each with its time and how grave it is. */

/** From the gravest on; winston, which configurable-http-proxy logs with, has these names, and JupyterHub those of Python. */
const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 };
const ALIASES = { critical: 'error', warning: 'warn', http: 'debug', verbose: 'debug', silly: 'debug' };

/**
 * @param {string} text
 * @returns {keyof typeof LEVELS | undefined}
 */
function levelOf(text) {
  const name = text.toLowerCase();
  if (Object.hasOwn(LEVELS, name)) return name;
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
}

class Log {
  #most;
  #write;

  /**
   * @param {keyof typeof LEVELS} level what is less grave is not written
   * @param {(line: string) => void} [write]
   */
  constructor(level, write = (line) => process.stdout.write(line)) {
    this.#most = LEVELS[level];
    this.#write = write;
  }

  error(text) {
    this.#add('error', text);
  }

  warn(text) {
    this.#add('warn', text);
  }

  info(text) {
    this.#add('info', text);
  }

  debug(text) {
    this.#add('debug', text);
  }

  #add(level, text) {
    if (LEVELS[level] > this.#most) return;
    this.#write(`${new Date().toISOString()} [rs-proxy] ${level}: ${onOneLine(text)}\n`);
  }
}

/** What clients send must not look like lines of ours, nor speak to terminals. */
function onOneLine(text) {
  // eslint-disable-next-line no-control-regex -- these are what must not be written
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

module.exports = { Log, levelOf };
