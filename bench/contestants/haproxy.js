'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { writeCertificate } = require('../certificate.js');

const ALPN = { tls: 'http/1.1', h2: 'h2,http/1.1' };

/** One haproxy thread that shares upstream connections between clients. */
exports.command = (directory, port, target, { front }) => {
  const secure =
    front === undefined ? '' : ` ssl crt ${writeCertificate(directory).both} alpn ${ALPN[front]}`;
  const config = `
global
  nbthread 1
  maxconn 5000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  http-reuse always
frontend door
  bind 127.0.0.1:${port}${secure}
  default_backend target
backend target
  server upstream ${new URL(target).host}
`;
  const file = path.join(directory, 'haproxy.cfg');
  fs.writeFileSync(file, config);
  return ['haproxy', '-db', '-q', '-f', file];
};
