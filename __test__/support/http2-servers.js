'use strict';

/** Other people's servers as HTTP/2 targets: nginx and nghttpd, each in a folder of its own, ended with the test. */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { closedPort, eventually, onCleanUp } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

/** A folder with the files that are served, and key and certificate. */
function folderOf(files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'http2-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true }));
  fs.mkdirSync(path.join(folder, 'www'));
  for (const [name, content] of Object.entries({ key: KEY, cert: CERTIFICATE })) {
    fs.writeFileSync(path.join(folder, name), content);
  }
  for (const [name, content] of Object.entries(files))
    fs.writeFileSync(path.join(folder, 'www', name), content);
  // Servers that give up their rights must be able to read it.
  for (const name of ['', 'www']) fs.chmodSync(path.join(folder, name), 0o755);
  return folder;
}

/** Starts a program, and waits until it listens. */
async function start(command, args, port) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk));
  child.once('error', (error) => (said += error.message));
  onCleanUp(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await eventually(
    () => isListening(port),
    () => `${command} does not listen (Debian's packages: nginx-light, nghttp2-server): ${said}`,
    20_000,
  );
  return child;
}

async function isListening(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** nginx over TLS, as a file server and, under `/echo`, with what it was asked. `streams`: how many requests it takes at a time. */
async function nginx(files, { streams = 128, requests = 1000 } = {}) {
  const folder = folderOf(files);
  const port = await closedPort();
  const at = (name) => path.join(folder, name);
  fs.writeFileSync(
    at('conf'),
    `daemon off; worker_processes 1; pid ${at('pid')}; error_log stderr;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${at('body')}; proxy_temp_path ${at('proxy')};
  fastcgi_temp_path ${at('fastcgi')}; uwsgi_temp_path ${at('uwsgi')}; scgi_temp_path ${at('scgi')};
  client_max_body_size 64m;
  server {
    listen 127.0.0.1:${port} ssl http2; http2_max_concurrent_streams ${streams}; keepalive_requests ${requests};
    ssl_certificate ${at('cert')}; ssl_certificate_key ${at('key')};
    root ${at('www')};
    location /echo { return 200 "$server_protocol $request_method $request_uri $http_host"; }
    location /slow { root ${at('www')}; limit_rate 64k; try_files /large =404; }
  }
}
`,
  );
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
  await start('nginx', ['-p', folder, '-c', at('conf'), ...user], port);
  return port;
}

/** nghttpd over TLS, or without: a file server that takes uploads, and sends the trailer that it is told. */
async function nghttpd(files, { isSecure = true } = {}) {
  const folder = folderOf(files);
  const port = await closedPort();
  const keys = isSecure ? [path.join(folder, 'key'), path.join(folder, 'cert')] : ['--no-tls'];
  const args = [
    '-d',
    path.join(folder, 'www'),
    '--trailer',
    'x-trailer: here',
    '--echo-upload',
    '-a',
    '127.0.0.1',
  ];
  await start('nghttpd', [...args, `${port}`, ...keys], port);
  return port;
}

module.exports = { nghttpd, nginx };
