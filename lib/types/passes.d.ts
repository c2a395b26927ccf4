/** The steps of `web` and `ws`. */

import * as http from 'node:http';
import { Socket } from 'node:net';
import HttpProxy = require('../../index.js');
import { ErrorCallback } from './events.js';
import { ServerOptions } from './server-options.js';

/** A step of `web`. It ends the chain by returning something true. */
export type WebPass = (
  req: http.IncomingMessage,
  res: http.ServerResponse,
  options: ServerOptions,
  head: Buffer | undefined,
  server: HttpProxy,
  callback?: ErrorCallback,
) => unknown;

/** A step of `ws`. It ends the chain by returning something true. */
export type WsPass = (
  req: http.IncomingMessage,
  socket: Socket,
  options: ServerOptions,
  head: Buffer | undefined,
  server: HttpProxy,
  callback?: ErrorCallback,
) => unknown;
