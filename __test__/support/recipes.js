'use strict';

/**
 * The programs in the documentation. A fenced `js` block is a program of its own; if a `text` block comes next, that says what it does with
 * which request, in the notation that docs/recipes/README.md explains.
 */

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const util = require('node:util');

const ROOT = path.join(__dirname, '..', '..');

/** The port on which every program listens; it gets a free one. */
const OWN_PORT = 3000;

/**
 * @typedef {{ isRequest: boolean, name: string, value: string | undefined }} Field `value` undefined: it must not be there
 * @typedef {{ method: string, url: string, body: string | undefined, status: number, target: string | undefined,
 *   answer: string | undefined, fields: Field[], logs: string[], line: string }} Exchange
 *   `answer`: the response's body or, with a `target`, the body that reached it
 * @typedef {{ title: string, code: string, exchanges: Exchange[] }} Program
 */

/**
 * @param {string} file Markdown, from the root of the repository
 * @returns {Program[]}
 */
function readPrograms(file) {
  const programs = [];
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  let heading = '';
  let last = '';
  for (const [, found, language, block] of text.matchAll(/^#+ ([^\n]*)$|^```(\S*)\n(.*?)^```$/gms)) {
    if (found !== undefined) heading = found;
    if (language === 'js') programs.push({ title: heading, code: block, exchanges: [] });
    if (language === 'text' && last === 'js') programs.at(-1).exchanges = readExchanges(block);
    last = language;
  }
  return programs;
}

const EXCHANGE =
  /^(?<method>[A-Z]+) (?<url>\S+)(?: (?<body>.+))? → (?:(?<status>\d{3})|(?<target>\w+:\/\/\S+))(?: (?<answer>.+))?$/;
const FIELD = /^ {2}(?<side>[<>]) (?:no (?<absent>[\w-]+)|(?<name>[\w-]+): (?<value>.*))$/;
const LOG = /^ {2}log: (?<log>.*)$/;

function readExchanges(block) {
  const exchanges = [];
  for (const line of block.trimEnd().split('\n')) {
    const { groups } = EXCHANGE.exec(line) ?? FIELD.exec(line) ?? LOG.exec(line) ?? {};
    if (groups === undefined) throw new Error(`This line says nothing that can be tested: ${line}`);
    const { side, absent, name = absent, value, log, status, ...rest } = groups;
    if (log !== undefined) exchanges.at(-1).logs.push(log);
    else if (side) exchanges.at(-1).fields.push({ isRequest: side === '>', name, value });
    else exchanges.push({ ...rest, status: Number(status ?? 200), fields: [], logs: [], line });
  }
  return exchanges;
}

/**
 * Runs a program in this process.
 *
 * @param {string} code
 * @param {(port: number) => number} portOf the ports of the targets that it names
 * @returns {{ exports: object, servers: net.Server[], lines: string[] }} what it exports, the servers it has made, which may not listen
 *   yet, and what it has written to the console
 */
function runProgram(code, portOf) {
  const lines = [];
  const write = (...args) => lines.push(util.format(...args));
  const console = { log: write, info: write, warn: write, error: write, debug: write };
  const source = asCommonJs(code).replaceAll(/(?<=localhost:)9\d{3}/g, (port) => `${portOf(Number(port))}`);
  const module = { exports: {} };
  const servers = listenElsewhere();
  new Function('require', 'module', 'exports', 'console', source)(require, module, module.exports, console);
  return { exports: module.exports, servers, lines };
}

/** Modules are read by what they mean to those who use `require`. */
function asCommonJs(code) {
  return code
    .replaceAll(
      /^import \{(.*?)\} from '(.*?)';$/gm,
      (_, names, from) => `const {${names.replaceAll(' as ', ': ')}} = require('${from}');`,
    )
    .replaceAll(/^import (\w+) from '(.*?)';$/gm, "const $1 = require('$2');")
    .replaceAll(/^export default /gm, 'exports.default = ')
    .replaceAll(/^export const (\w+) = /gm, 'const $1 = exports.$1 = ');
}

/** Until mocks are restored, servers that want the programs' port get another. */
function listenElsewhere() {
  const servers = [];
  const { listen } = net.Server.prototype;
  jest.spyOn(net.Server.prototype, 'listen').mockImplementation(function listenOn(...args) {
    const port = args[0]?.port ?? args[0];
    if (port !== OWN_PORT) return listen.apply(this, args);
    servers.push(this);
    return listen.call(
      this,
      0,
      '127.0.0.1',
      args.findLast((arg) => typeof arg === 'function'),
    );
  });
  return servers;
}

module.exports = { OWN_PORT, ROOT, readPrograms, runProgram };
