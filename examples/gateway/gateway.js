'use strict';

const express = require('express');
const { forwarder } = require('./forwarder.js');

/** Each says which paths of its service the world may use. */
const ROUTERS = {
  users: require('./routers/users.js'),
  products: require('./routers/products.js'),
  orders: require('./routers/orders.js'),
  notifications: require('./routers/notifications.js'),
};

/**
 * The gateway's application.
 *
 * @param {Record<string, string>} urls where the services are, by name
 */
function gateway(urls) {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '5mb' }));
  for (const [name, router] of Object.entries(ROUTERS)) {
    app.use(`/${name}`, router(forwarder(name, urls[name])));
  }
  app.use((req, res) => res.status(404).json({ message: 'There is no such path.' }));
  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error);
    return res.status(error.status ?? 500).json({ message: error.message });
  });
  return app;
}

module.exports = { gateway };
