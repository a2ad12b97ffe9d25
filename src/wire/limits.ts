/**
 * Every number and name that docs/protocol.md fixes, beside the section that fixes it.
 */

/** Protocol ID of the session stream (section 1). */
export const PROTOCOL_ID = '/sft/1.0.0'

/** Value of `Hello.version` (section 3). */
export const PROTOCOL_VERSION = 1

/** Most bytes of an encoded hello (section 3). */
export const MAX_HELLO = 256

/** Bytes of `Hello.publicKey`, an X25519 key (section 3). */
export const PUBLIC_KEY_BYTES = 32

/** Bytes of `Hello.nonce` (section 3). */
export const NONCE_BYTES = 32

/** Bytes of the big-endian length in front of the hello and of every record (section 2). */
export const LENGTH_BYTES = 2

/** Bytes that secretstream adds to a plaintext: tag byte and MAC (section 4). */
export const RECORD_OVERHEAD = 17

/**
 * Most bytes of a sealed record (section 4): with its length and a 12-byte yamux header it fills one Noise message,
 * whose plaintext holds 65,535 - 16 bytes.
 */
export const MAX_RECORD = 65_535 - 16 - 12 - LENGTH_BYTES

/** Most bytes of the plaintext of a record: the kind byte and its payload (section 4). */
export const MAX_PLAINTEXT = MAX_RECORD - RECORD_OVERHEAD

/** First byte of a record's plaintext (section 4). */
export const RECORD_KIND = { message: 1, data: 2 } as const

/** Bytes in front of the file bytes of a data record: kind and big-endian request id (section 4). */
export const DATA_HEADER = 5

/** Most file bytes in a data record: the largest multiple of 64 that fits, for the block sizes of MD5 and ChaCha20. */
export const MAX_DATA = Math.floor((MAX_PLAINTEXT - DATA_HEADER) / 64) * 64

/** Least credit a hello may grant: one full data record (section 6). */
export const MIN_WINDOW = MAX_DATA

/** Most unused credit a peer may hold (section 6). */
export const MAX_WINDOW = 16 * 1024 * 1024

/** Most requests of a session that have not ended (section 5). */
export const MAX_REQUESTS = 1_024

/** Most bytes of a control message: two paths of full length and room for unknown fields (section 5). */
export const MAX_MESSAGE = 16_384

/** Most bytes a client may ask for to measure the connection (section 5). */
export const MAX_PROBE = 64 * 1024 * 1024

/** Most bytes of a path in UTF-8 (section 7). */
export const MAX_PATH_BYTES = 4_096

/** Most bytes of one component of a path (section 7). */
export const MAX_NAME_BYTES = 255

/** Most components of a path (section 7). */
export const MAX_DEPTH = 255

/** Most entries in one page of a listing (section 5). */
export const MAX_PAGE_ENTRIES = 1_024

/** Bytes of an MD5 digest. */
export const MD5_BYTES = 16
