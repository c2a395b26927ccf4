'use strict';

/**
 * Starts the gateway, and a service for each name that has no address in the environment (`USERS_URL` and so on).
 */

const { gateway } = require('./gateway.js');
const { startService } = require('./services.js');

const NAMES = ['users', 'products', 'orders', 'notifications'];

async function main() {
  const urls = {};
  for (const name of NAMES) {
    urls[name] = process.env[`${name.toUpperCase()}_URL`] ?? (await startService(name));
  }
  const server = gateway(urls).listen(process.env.PORT ?? 3000, (error) => {
    if (error) throw error;
    const { port } = server.address();
    console.log(`Listening on port ${port}. Try:
  curl http://localhost:${port}/users/1
  curl http://localhost:${port}/products?limit=2
  curl http://localhost:${port}/orders -H 'content-type: application/json' -d '{"product": 1, "note": "für Zoë"}'
  curl http://localhost:${port}/orders/1/secret`);
  });
}

main();
