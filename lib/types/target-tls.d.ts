/** Who we are, for TLS targets that want to know, and who vouches for them. */

type Bytes = string | NodeJS.ArrayBufferView;

/** PEM certificates. */
export type Certificates = Bytes | readonly Bytes[];

/** PEM keys. */
export type Keys = Bytes | readonly (Bytes | { pem: Bytes; passphrase?: string | undefined })[];

/** PKCS#12 archives. */
export type Archives = Bytes | readonly (Bytes | { buf: Bytes; passphrase?: string | undefined })[];
