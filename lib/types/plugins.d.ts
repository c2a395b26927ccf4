/** Plugins of middlewares. */

import * as http from 'node:http';
import HttpProxy = require('../../index.js');
import { Options } from './middleware.js';

/** Called once, when the middleware is made. */
export interface Plugin<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
> {
  (proxyServer: HttpProxy<TRequest, TResponse>, options: Options<TRequest, TResponse>): void;
}

/** Gives a plugin back; types its parameters. */
export function definePlugin<
  TRequest extends http.IncomingMessage = http.IncomingMessage,
  TResponse extends http.ServerResponse = http.ServerResponse,
>(plugin: Plugin<TRequest, TResponse>): Plugin<TRequest, TResponse>;

/** Tells those who debug of every failure. */
export const debugProxyErrorsPlugin: Plugin<any, any>;
/** Answers failed requests. */
export const errorResponsePlugin: Plugin<any, any>;
/** Tells the option `logger` of what happens. */
export const loggerPlugin: Plugin<any, any>;
/** Implements the option `on`. */
export const proxyEventsPlugin: Plugin<any, any>;
