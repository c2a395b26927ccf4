'use strict';

/** Where routes may lead. */

const dns = require('node:dns');
const net = require('node:net');
const { isListed } = require('../dynamic/options.js');
const { targetParts } = require('../proxy-server/target-parts.js');

const PROTOCOLS = new Set(['http:', 'https:']);
const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

/** Where the metadata of virtual machines is served, keys among it; nobody has a notebook there. */
const LINK_LOCAL = new net.BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6');

/**
 * Looks at targets of routes.
 *
 * @param {string[]} allowTargets hosts with or without ports, and networks; if there are none, every target that is not link-local
 * @returns {(target: unknown) => { status: number, message: string } | undefined} what is wrong with one
 */
function targetRule(allowTargets) {
  const networks = new net.BlockList();
  const names = allowTargets.filter((entry) => !addNetwork(networks, entry));
  const isAllowed = ({ url, socketPath }) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const isIn = (list) => net.isIP(host) !== 0 && has(list, host);
    if (allowTargets.length === 0) return socketPath !== undefined || !isIn(LINK_LOCAL);
    if (socketPath !== undefined) return names.includes('unix');
    return isIn(networks) || isListed(names, host, Number(url.port) || USUAL_PORTS[url.protocol]);
  };
  return (target) => {
    if (typeof target !== 'string') return { status: 400, message: "Must specify 'target' as string" };
    const parts = partsOf(target);
    if (parts === undefined)
      return { status: 400, message: `The target ${JSON.stringify(target)} is not an http or https URL` };
    if (!isAllowed(parts))
      return { status: 403, message: `Routes may not lead to ${JSON.stringify(target)}: see --allow-target` };
    return undefined;
  };
}

/**
 * Finds the addresses of targets, as `dns.lookup` does, but none where nobody may lead: a name is as good as the address that it stands for.
 *
 * @param {string} host
 * @param {import('node:dns').LookupOptions} options
 * @param {Function} callback
 */
function lookupElsewhere(host, options, callback) {
  dns.lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return callback(error);
    const allowed = found.filter(({ address }) => !has(LINK_LOCAL, address));
    if (allowed.length === 0) return callback(linkLocal(host, found[0].address));
    if (options.all) return callback(null, allowed);
    return callback(null, allowed[0].address, allowed[0].family);
  });
}

function linkLocal(host, address) {
  const message = `Routes may not lead to ${address}, which ${host} stands for: see --allow-target`;
  return Object.assign(new Error(message), { code: 'EACCES', syscall: 'getaddrinfo', hostname: host });
}

function has(list, address) {
  return list.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
}

function partsOf(target) {
  try {
    const parts = targetParts(target);
    return PROTOCOLS.has(parts.url.protocol) ? parts : undefined;
  } catch {
    return undefined;
  }
}

/** Adds what is a network, such as 10.0.0.0/8; says whether it is one. */
function addNetwork(networks, entry) {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (address === undefined) return false;
  networks.addSubnet(address, Number(length), net.isIPv6(address) ? 'ipv6' : 'ipv4');
  return true;
}

module.exports = { lookupElsewhere, targetRule };
