'use strict';

/** What stands in for which module of which package. Runs on Node's thread of hooks, too: it loads nothing of the engine. */

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const ROOT = path.join(__dirname, '..', '..');

/** Files of this package by what they are asked with. */
const MAIN = { require: 'index.js', import: 'index.mjs' };
const LEGACY = both('lib/middleware/legacy/index.js');
const HTTPXY = both('lib/register/httpxy.js');

/** By package and by path inside it, without `index` and ending. */
const REPLACEMENTS = {
  'http-proxy': {
    '': MAIN,
    '/lib/http-proxy': both('lib/http-proxy.js'),
    '/lib/http-proxy/common': both('lib/http-proxy/common.js'),
    '/lib/http-proxy/passes/web-incoming': both('lib/http-proxy/passes/web-incoming.js'),
    '/lib/http-proxy/passes/web-outgoing': both('lib/http-proxy/passes/web-outgoing.js'),
    '/lib/http-proxy/passes/ws-incoming': both('lib/http-proxy/passes/ws-incoming.js'),
  },
  'http-proxy-3': { '': MAIN, '/dist/lib': MAIN },
  'http-proxy-middleware': { '': MAIN, '/dist': MAIN, '/hono': both('lib/adapters/hono.js') },
  httpxy: { '': HTTPXY, '/dist': HTTPXY },
};

/** The packages, and the copies of them that Next.js brings along. */
const NAMES = /^(?:next\/dist\/compiled\/)?(http-proxy(?:-3|-middleware)?|httpxy)(\/.+)?$/;

function both(file) {
  return { require: file, import: file };
}

/**
 * @param {string} specifier as it is written in `require` or `import`
 * @returns {{ isVersioned: boolean, replacement: { require: string, import: string } | undefined } | null} null for what is none of ours;
 *   without a replacement the original has to do. `isVersioned`: that depends on the original's version, see `forVersion`
 */
function askedFor(specifier) {
  const match = NAMES.exec(specifier);
  if (match === null) return null;
  const [, name, deep = ''] = match;
  // It says what is installed.
  if (deep === '/package.json') return null;
  const place = deep.replace(/\.[cm]?js$/, '').replace(/\/index$/, '');
  const replacement = Object.hasOwn(REPLACEMENTS[name], place) ? REPLACEMENTS[name][place] : undefined;
  return { replacement, isVersioned: name === 'http-proxy-middleware' && replacement === MAIN };
}

/**
 * The replacement for http-proxy-middleware: its versions 1 and 2 go by other rules than the later ones, and a call cannot always tell.
 *
 * @param {string | undefined} original path of the module that would be loaded, if it is installed
 */
function forVersion(original) {
  const { name, version } = original === undefined ? {} : manifestAbove(path.dirname(original));
  return name === 'http-proxy-middleware' && /^[12]\./.test(version) ? LEGACY : MAIN;
}

/** The package.json of the package that a folder belongs to; there may be others on the way, without a name. */
function manifestAbove(folder) {
  for (let at = folder; at !== path.dirname(at); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (!fs.existsSync(file)) continue;
    const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (manifest.name) return manifest;
  }
  return {};
}

const pathOf = (file) => path.join(ROOT, file);
const urlOf = (file) => pathToFileURL(pathOf(file)).href;

/** Says once for each module that the original is used. */
function sayMissing(specifier) {
  if (said.has(specifier)) return;
  said.add(specifier);
  warn(`"${specifier}" has no counterpart in rs-proxy-middleware; the original is used`);
}

const said = new Set();

/** @param {string} what */
function warn(what) {
  process.emitWarning(`rs-proxy-middleware/register: ${what}`, { code: 'RS_PROXY_NOT_REDIRECTED' });
}

module.exports = { askedFor, forVersion, pathOf, sayMissing, urlOf, warn };
