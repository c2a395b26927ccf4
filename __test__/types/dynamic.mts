/** `rs-proxy-middleware/dynamic`, as its users write it. */

import http from 'node:http';
import createDynamicProxy, { type DynamicProxy, type Route } from 'rs-proxy-middleware/dynamic';

const proxy: DynamicProxy = createDynamicProxy({
  allowTargets: ['10.0.0.5'],
  match: 'segment',
  servedBy: false,
});
proxy.on('routeRegistered', (route) => console.log(route.prefix.length, route['name']));
proxy.on('proxyError', (error, host, req, res) => {
  if (error.message === 'NOT_FOUND' && host === null && 'setHeader' in res)
    res.setHeader('x-url', req.url ?? '');
});
proxy.on('registerError', (error, _req, res) => void res.writeHead(400).end(error.message));
const routes: Route[] = proxy
  .addRoutes({ '/': { prefix: '', port: 1234 } })
  .addRoutes([{ prefix: '/a', port: '80', reqHostNames: ['a.example'] }])
  .getRoutes();
proxy.registerRoute({ prefix: '/b', port: routes.length, anything: true });
const removed: boolean = proxy.removeRoute('/b');
console.log(removed, proxy.routes['/']?.port, proxy.proxy.options);

const server = http.createServer((req, res) => {
  if (/^\/register/i.test(req.url ?? '')) proxy.registerRouteRequest(req, res);
  else proxy.proxyRequest(req, res);
});
server.on('upgrade', (req, socket, head) => proxy.proxyUpgrade(req, socket, head));

const door = proxy.listen(0, { host: '127.0.0.1' }, () =>
  console.log(door.address()?.port, door.stats()?.unrouted),
);
door.close((error) => console.log(error?.message));

// @ts-expect-error -- a route has a port
proxy.registerRoute({ prefix: '/' });
// @ts-expect-error -- there is no such way to match
createDynamicProxy({ match: 'regex' });
