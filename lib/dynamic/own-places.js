'use strict';

/** Where this process listens itself: a route that leads there lets in who may use the proxy only, or leads round in circles. */

const dns = require('node:dns/promises');
const net = require('node:net');
const os = require('node:os');
const { targetParts } = require('../proxy-server/target-parts.js');

const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

class OwnPlaces {
  /** @type {Map<unknown, string | { port: number, addresses: net.BlockList }>} by what is there; a text is the path of a Unix socket */
  #places = new Map();

  /**
   * Notes where a server listens.
   *
   * @param {unknown} what is there
   * @param {string | import('node:net').AddressInfo} address
   */
  add(what, address) {
    const place =
      typeof address === 'string' ? address : { port: address.port, addresses: reachable(address) };
    this.#places.set(what, place);
  }

  /** It listens no more. */
  remove(what) {
    this.#places.delete(what);
  }

  /**
   * What a target leads to.
   *
   * @param {string} target a URL
   * @returns {Promise<unknown>} what is there; `undefined` if it is none of ours
   */
  async at(target) {
    if (this.#places.size === 0) return undefined;
    const { socketPath, url } = targetParts(target);
    const port = Number(url.port) || USUAL_PORTS[url.protocol];
    for (const [what, place] of this.#places) {
      const isThere =
        typeof place === 'string'
          ? place === socketPath
          : socketPath === undefined && port === place.port && (await isAmong(url.hostname, place.addresses));
      if (isThere) return what;
    }
    return undefined;
  }
}

/** The addresses by which a listener is reached from this machine. */
function reachable({ address }) {
  const list = new net.BlockList();
  // Whoever connects to no address in particular comes to this machine.
  for (const one of [address, '0.0.0.0', '::']) add(list, one);
  if (!isUnspecified(address)) return list;
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  const all = Object.values(os.networkInterfaces()).flat();
  for (const one of all) add(list, one.address);
  return list;
}

const isUnspecified = (address) => address === '0.0.0.0' || address === '::';
const familyOf = (address) => (net.isIPv6(address) ? 'ipv6' : 'ipv4');
const add = (list, address) => list.addAddress(address, familyOf(address));

async function isAmong(hostname, addresses) {
  const host = hostname.replace(/^\[|\]$/g, '');
  // A name that stands for nothing stands for nothing of ours.
  const found = net.isIP(host) ? [{ address: host }] : await dns.lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => addresses.check(address, familyOf(address)));
}

module.exports = { OwnPlaces };
