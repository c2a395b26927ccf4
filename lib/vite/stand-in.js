'use strict';

const { EventEmitter } = require('node:events');

/**
 * Makes a proxy of another package a front of one of ours: its methods call ours, and listeners that are put on it are put on ours. Methods
 * are looked up at each call, so that one which an application has replaced is the one that is called.
 *
 * @param {object} theirs
 * @param {import('../proxy-server/proxy-server.js').ProxyServer} ours
 */
function standIn(theirs, ours) {
  for (const name of methodsOf(ours)) {
    theirs[name] = (...args) => {
      const result = ours[name](...args);
      return result === ours ? theirs : result;
    };
  }
  theirs.webPasses = ours.webPasses;
  theirs.wsPasses = ours.wsPasses;
}

function methodsOf(ours) {
  const places = [ours, Object.getPrototypeOf(ours), EventEmitter.prototype];
  return places
    .flatMap((place) => Object.keys(Object.getOwnPropertyDescriptors(place)))
    .filter((name) => !name.startsWith('_') && name !== 'constructor' && typeof ours[name] === 'function');
}

module.exports = { standIn };
