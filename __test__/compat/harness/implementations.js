'use strict';

/** The originals, and ours, behind one shape. */

const path = require('node:path');
const { HTTPXY, ORIGINALS } = require('./originals.js');

const ROOT = path.join(__dirname, '..', '..', '..');

/**
 * @typedef {object} Implementation
 * @property {string} name
 * @property {(options?: object) => any} create
 * @property {(proxy: any, req: object, res: object, perCall?: object, callback?: Function) => unknown} web
 * @property {(proxy: any, req: object, socket: object, head: Buffer, perCall?: object, callback?: Function) => unknown} ws
 */

const web = (proxy, req, res, ...rest) => proxy.web(req, res, ...rest.filter((one) => one !== undefined));

const ws = (proxy, req, socket, head, ...rest) =>
  proxy.ws(req, socket, head, ...rest.filter((one) => one !== undefined));
/** One of them wants the options first. */
const wsOptionsFirst = (proxy, req, socket, head, perCall = {}) => proxy.ws(req, socket, perCall, head);

/** @returns {Promise<Implementation[]>} */
function loadOriginals() {
  return Promise.all(
    ORIGINALS.map(async (name) => {
      // One of them is an ES module.
      const { default: main, ...names } = await import(name);
      const create = names.createProxyServer ?? main.createProxyServer;
      return { name, create, web, ws: name === HTTPXY ? wsOptionsFirst : ws };
    }),
  );
}

/** @returns {Implementation} */
function loadOurs() {
  const { createProxyServer } = require(ROOT);
  return { name: 'ours', create: createProxyServer, web, ws };
}

module.exports = { loadOriginals, loadOurs };
