'use strict';

/** The originals, and ours, behind one shape. */

const path = require('node:path');
const { ORIGINALS } = require('./originals.js');

const ROOT = path.join(__dirname, '..', '..', '..');

/**
 * @typedef {object} Implementation
 * @property {string} name
 * @property {(options?: object) => any} create
 * @property {(proxy: any, req: object, res: object, perCall?: object, callback?: Function) => unknown} web
 */

const web = (proxy, req, res, ...rest) => proxy.web(req, res, ...rest.filter((one) => one !== undefined));

/** @returns {Promise<Implementation[]>} */
function loadOriginals() {
  return Promise.all(
    ORIGINALS.map(async (name) => {
      // One of them is an ES module.
      const { default: main, ...names } = await import(name);
      const create = names.createProxyServer ?? main.createProxyServer;
      return { name, create, web };
    }),
  );
}

/** @returns {Implementation} */
function loadOurs() {
  const { createProxyServer } = require(ROOT);
  return { name: 'ours', create: createProxyServer, web };
}

module.exports = { loadOriginals, loadOurs };
