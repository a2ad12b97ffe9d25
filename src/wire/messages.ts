// Generated from messages.proto by `npm run generate`: do not edit.
// @ts-nocheck
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Hello {
  version: number
  publicKey: Uint8Array<ArrayBuffer>
  nonce: Uint8Array<ArrayBuffer>
  window: number
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.publicKey != null && obj.publicKey.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.publicKey)
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.nonce)
        }

        if ((obj.window != null && obj.window !== 0)) {
          w.uint32(32)
          w.uint32(obj.window)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          publicKey: uint8ArrayAlloc(0),
          nonce: uint8ArrayAlloc(0),
          window: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.publicKey = reader.bytes()
              break
            }
            case 3: {
              obj.nonce = reader.bytes()
              break
            }
            case 4: {
              obj.window = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.publicKey`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.nonce`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.window`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HelloVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface HelloPublicKeyFieldEvent {
    field: '$.publicKey'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array<ArrayBuffer>
  }

  export interface HelloWindowFieldEvent {
    field: '$.window'
    value: number
  }

  export function encode (obj: Partial<Hello>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloVersionFieldEvent | HelloPublicKeyFieldEvent | HelloNonceFieldEvent | HelloWindowFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}

export interface Message {
  welcome?: Welcome
  request?: Request
  begin?: Begin
  end?: End
  result?: Result
  credit?: Credit
  close?: Close
}

export namespace Message {
  let _codec: Codec<Message>

  export const codec = (): Codec<Message> => {
    if (_codec == null) {
      _codec = message<Message>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.close != null) {
          obj.credit = undefined
          obj.result = undefined
          obj.end = undefined
          obj.begin = undefined
          obj.request = undefined
          obj.welcome = undefined
        }

        if (obj.credit != null) {
          obj.close = undefined
          obj.result = undefined
          obj.end = undefined
          obj.begin = undefined
          obj.request = undefined
          obj.welcome = undefined
        }

        if (obj.result != null) {
          obj.close = undefined
          obj.credit = undefined
          obj.end = undefined
          obj.begin = undefined
          obj.request = undefined
          obj.welcome = undefined
        }

        if (obj.end != null) {
          obj.close = undefined
          obj.credit = undefined
          obj.result = undefined
          obj.begin = undefined
          obj.request = undefined
          obj.welcome = undefined
        }

        if (obj.begin != null) {
          obj.close = undefined
          obj.credit = undefined
          obj.result = undefined
          obj.end = undefined
          obj.request = undefined
          obj.welcome = undefined
        }

        if (obj.request != null) {
          obj.close = undefined
          obj.credit = undefined
          obj.result = undefined
          obj.end = undefined
          obj.begin = undefined
          obj.welcome = undefined
        }

        if (obj.welcome != null) {
          obj.close = undefined
          obj.credit = undefined
          obj.result = undefined
          obj.end = undefined
          obj.begin = undefined
          obj.request = undefined
        }

        if (obj.welcome != null) {
          w.uint32(10)
          Welcome.codec().encode(obj.welcome, w)
        }

        if (obj.request != null) {
          w.uint32(18)
          Request.codec().encode(obj.request, w)
        }

        if (obj.begin != null) {
          w.uint32(26)
          Begin.codec().encode(obj.begin, w)
        }

        if (obj.end != null) {
          w.uint32(34)
          End.codec().encode(obj.end, w)
        }

        if (obj.result != null) {
          w.uint32(42)
          Result.codec().encode(obj.result, w)
        }

        if (obj.credit != null) {
          w.uint32(50)
          Credit.codec().encode(obj.credit, w)
        }

        if (obj.close != null) {
          w.uint32(58)
          Close.codec().encode(obj.close, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.welcome = Welcome.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.welcome
              })
              break
            }
            case 2: {
              obj.request = Request.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.request
              })
              break
            }
            case 3: {
              obj.begin = Begin.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.begin
              })
              break
            }
            case 4: {
              obj.end = End.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.end
              })
              break
            }
            case 5: {
              obj.result = Result.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.result
              })
              break
            }
            case 6: {
              obj.credit = Credit.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.credit
              })
              break
            }
            case 7: {
              obj.close = Close.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.close
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.close != null) {
          delete obj.credit
          delete obj.result
          delete obj.end
          delete obj.begin
          delete obj.request
          delete obj.welcome
        }

        if (obj.credit != null) {
          delete obj.close
          delete obj.result
          delete obj.end
          delete obj.begin
          delete obj.request
          delete obj.welcome
        }

        if (obj.result != null) {
          delete obj.close
          delete obj.credit
          delete obj.end
          delete obj.begin
          delete obj.request
          delete obj.welcome
        }

        if (obj.end != null) {
          delete obj.close
          delete obj.credit
          delete obj.result
          delete obj.begin
          delete obj.request
          delete obj.welcome
        }

        if (obj.begin != null) {
          delete obj.close
          delete obj.credit
          delete obj.result
          delete obj.end
          delete obj.request
          delete obj.welcome
        }

        if (obj.request != null) {
          delete obj.close
          delete obj.credit
          delete obj.result
          delete obj.end
          delete obj.begin
          delete obj.welcome
        }

        if (obj.welcome != null) {
          delete obj.close
          delete obj.credit
          delete obj.result
          delete obj.end
          delete obj.begin
          delete obj.request
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * Welcome.codec().stream(reader, reader.uint32(), `${prefix}.welcome`, {
                limits: opts.limits?.welcome
              })

              break
            }
            case 2: {
              yield * Request.codec().stream(reader, reader.uint32(), `${prefix}.request`, {
                limits: opts.limits?.request
              })

              break
            }
            case 3: {
              yield * Begin.codec().stream(reader, reader.uint32(), `${prefix}.begin`, {
                limits: opts.limits?.begin
              })

              break
            }
            case 4: {
              yield * End.codec().stream(reader, reader.uint32(), `${prefix}.end`, {
                limits: opts.limits?.end
              })

              break
            }
            case 5: {
              yield * Result.codec().stream(reader, reader.uint32(), `${prefix}.result`, {
                limits: opts.limits?.result
              })

              break
            }
            case 6: {
              yield * Credit.codec().stream(reader, reader.uint32(), `${prefix}.credit`, {
                limits: opts.limits?.credit
              })

              break
            }
            case 7: {
              yield * Close.codec().stream(reader, reader.uint32(), `${prefix}.close`, {
                limits: opts.limits?.close
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface MessageWelcomeRightsFieldEvent {
    field: '$.welcome.rights'
    value: number
  }

  export interface MessageRequestIdFieldEvent {
    field: '$.request.id'
    value: number
  }

  export interface MessageRequestListPathFieldEvent {
    field: '$.request.list.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestListRecursiveFieldEvent {
    field: '$.request.list.recursive'
    value: boolean
  }

  export interface MessageRequestStatPathFieldEvent {
    field: '$.request.stat.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestGetPathFieldEvent {
    field: '$.request.get.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestGetOffsetFieldEvent {
    field: '$.request.get.offset'
    value: number
  }

  export interface MessageRequestGetLengthFieldEvent {
    field: '$.request.get.length'
    value: number
  }

  export interface MessageRequestPutPathFieldEvent {
    field: '$.request.put.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestPutFileSizeFieldEvent {
    field: '$.request.put.file.size'
    value: number
  }

  export interface MessageRequestPutFileMtimeFieldEvent {
    field: '$.request.put.file.mtime'
    value: bigint
  }

  export interface MessageRequestPutFileExecutableFieldEvent {
    field: '$.request.put.file.executable'
    value: boolean
  }

  export interface MessageRequestPutOverwriteFieldEvent {
    field: '$.request.put.overwrite'
    value: boolean
  }

  export interface MessageRequestPutOffsetFieldEvent {
    field: '$.request.put.offset'
    value: number
  }

  export interface MessageRequestPutStreamFieldEvent {
    field: '$.request.put.stream'
    value: boolean
  }

  export interface MessageRequestDeletePathFieldEvent {
    field: '$.request.delete.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestRenameFromFieldEvent {
    field: '$.request.rename.from'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestRenameToFieldEvent {
    field: '$.request.rename.to'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestRenameOverwriteFieldEvent {
    field: '$.request.rename.overwrite'
    value: boolean
  }

  export interface MessageRequestMkdirPathFieldEvent {
    field: '$.request.mkdir.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestMkdirParentsFieldEvent {
    field: '$.request.mkdir.parents'
    value: boolean
  }

  export interface MessageRequestDigestPathFieldEvent {
    field: '$.request.digest.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestDigestAlgorithmFieldEvent {
    field: '$.request.digest.algorithm'
    value: number
  }

  export interface MessageRequestProbeSizeFieldEvent {
    field: '$.request.probe.size'
    value: number
  }

  export interface MessageRequestKeptPathFieldEvent {
    field: '$.request.kept.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageRequestKeptFileSizeFieldEvent {
    field: '$.request.kept.file.size'
    value: number
  }

  export interface MessageRequestKeptFileMtimeFieldEvent {
    field: '$.request.kept.file.mtime'
    value: bigint
  }

  export interface MessageRequestKeptFileExecutableFieldEvent {
    field: '$.request.kept.file.executable'
    value: boolean
  }

  export interface MessageBeginIdFieldEvent {
    field: '$.begin.id'
    value: number
  }

  export interface MessageBeginFileSizeFieldEvent {
    field: '$.begin.file.size'
    value: number
  }

  export interface MessageBeginFileMtimeFieldEvent {
    field: '$.begin.file.mtime'
    value: bigint
  }

  export interface MessageBeginFileExecutableFieldEvent {
    field: '$.begin.file.executable'
    value: boolean
  }

  export interface MessageEndIdFieldEvent {
    field: '$.end.id'
    value: number
  }

  export interface MessageEndErrorFieldEvent {
    field: '$.end.error'
    value: number
  }

  export interface MessageEndSizeFieldEvent {
    field: '$.end.size'
    value: number
  }

  export interface MessageEndMd5FieldEvent {
    field: '$.end.md5'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageResultIdFieldEvent {
    field: '$.result.id'
    value: number
  }

  export interface MessageResultErrorFieldEvent {
    field: '$.result.error'
    value: number
  }

  export interface MessageResultEntryPathFieldEvent {
    field: '$.result.entry.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageResultEntryTypeFieldEvent {
    field: '$.result.entry.type'
    value: number
  }

  export interface MessageResultEntrySizeFieldEvent {
    field: '$.result.entry.size'
    value: number
  }

  export interface MessageResultEntryMtimeFieldEvent {
    field: '$.result.entry.mtime'
    value: bigint
  }

  export interface MessageResultEntryExecutableFieldEvent {
    field: '$.result.entry.executable'
    value: boolean
  }

  export interface MessageResultDigestFieldEvent {
    field: '$.result.digest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MessageResultKeptFieldEvent {
    field: '$.result.kept'
    value: number
  }

  export interface MessageResultChangedFieldEvent {
    field: '$.result.changed'
    value: boolean
  }

  export interface MessageCreditBytesFieldEvent {
    field: '$.credit.bytes'
    value: number
  }

  export interface MessageCloseErrorFieldEvent {
    field: '$.close.error'
    value: number
  }

  export function encode (obj: Partial<Message>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Message.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Message {
    return decodeMessage(buf, Message.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Message>): Generator<MessageWelcomeRightsFieldEvent | MessageRequestIdFieldEvent | MessageRequestListPathFieldEvent | MessageRequestListRecursiveFieldEvent | MessageRequestStatPathFieldEvent | MessageRequestGetPathFieldEvent | MessageRequestGetOffsetFieldEvent | MessageRequestGetLengthFieldEvent | MessageRequestPutPathFieldEvent | MessageRequestPutFileSizeFieldEvent | MessageRequestPutFileMtimeFieldEvent | MessageRequestPutFileExecutableFieldEvent | MessageRequestPutOverwriteFieldEvent | MessageRequestPutOffsetFieldEvent | MessageRequestPutStreamFieldEvent | MessageRequestDeletePathFieldEvent | MessageRequestRenameFromFieldEvent | MessageRequestRenameToFieldEvent | MessageRequestRenameOverwriteFieldEvent | MessageRequestMkdirPathFieldEvent | MessageRequestMkdirParentsFieldEvent | MessageRequestDigestPathFieldEvent | MessageRequestDigestAlgorithmFieldEvent | MessageRequestProbeSizeFieldEvent | MessageRequestKeptPathFieldEvent | MessageRequestKeptFileSizeFieldEvent | MessageRequestKeptFileMtimeFieldEvent | MessageRequestKeptFileExecutableFieldEvent | MessageBeginIdFieldEvent | MessageBeginFileSizeFieldEvent | MessageBeginFileMtimeFieldEvent | MessageBeginFileExecutableFieldEvent | MessageEndIdFieldEvent | MessageEndErrorFieldEvent | MessageEndSizeFieldEvent | MessageEndMd5FieldEvent | MessageResultIdFieldEvent | MessageResultErrorFieldEvent | MessageResultEntryPathFieldEvent | MessageResultEntryTypeFieldEvent | MessageResultEntrySizeFieldEvent | MessageResultEntryMtimeFieldEvent | MessageResultEntryExecutableFieldEvent | MessageResultDigestFieldEvent | MessageResultKeptFieldEvent | MessageResultChangedFieldEvent | MessageCreditBytesFieldEvent | MessageCloseErrorFieldEvent> {
    return streamMessage(buf, Message.codec(), opts)
  }
}

export interface Welcome {
  rights: number
}

export namespace Welcome {
  let _codec: Codec<Welcome>

  export const codec = (): Codec<Welcome> => {
    if (_codec == null) {
      _codec = message<Welcome>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.rights != null && obj.rights !== 0)) {
          w.uint32(8)
          w.uint32(obj.rights)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          rights: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.rights = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.rights`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface WelcomeRightsFieldEvent {
    field: '$.rights'
    value: number
  }

  export function encode (obj: Partial<Welcome>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Welcome.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Welcome>): Welcome {
    return decodeMessage(buf, Welcome.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Welcome>): Generator<WelcomeRightsFieldEvent> {
    return streamMessage(buf, Welcome.codec(), opts)
  }
}

export interface Request {
  id: number
  list?: List
  stat?: Stat
  get?: Get
  put?: Put
  delete?: Delete
  rename?: Rename
  mkdir?: Mkdir
  digest?: Digest
  probe?: Probe
  kept?: Kept
}

export namespace Request {
  let _codec: Codec<Request>

  export const codec = (): Codec<Request> => {
    if (_codec == null) {
      _codec = message<Request>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.kept != null) {
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.probe != null) {
          obj.kept = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.digest != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.mkdir != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.rename != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.delete != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.put != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.get = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.get != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.stat = undefined
          obj.list = undefined
        }

        if (obj.stat != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.list = undefined
        }

        if (obj.list != null) {
          obj.kept = undefined
          obj.probe = undefined
          obj.digest = undefined
          obj.mkdir = undefined
          obj.rename = undefined
          obj.delete = undefined
          obj.put = undefined
          obj.get = undefined
          obj.stat = undefined
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if (obj.list != null) {
          w.uint32(18)
          List.codec().encode(obj.list, w)
        }

        if (obj.stat != null) {
          w.uint32(26)
          Stat.codec().encode(obj.stat, w)
        }

        if (obj.get != null) {
          w.uint32(34)
          Get.codec().encode(obj.get, w)
        }

        if (obj.put != null) {
          w.uint32(42)
          Put.codec().encode(obj.put, w)
        }

        if (obj.delete != null) {
          w.uint32(50)
          Delete.codec().encode(obj.delete, w)
        }

        if (obj.rename != null) {
          w.uint32(58)
          Rename.codec().encode(obj.rename, w)
        }

        if (obj.mkdir != null) {
          w.uint32(66)
          Mkdir.codec().encode(obj.mkdir, w)
        }

        if (obj.digest != null) {
          w.uint32(74)
          Digest.codec().encode(obj.digest, w)
        }

        if (obj.probe != null) {
          w.uint32(82)
          Probe.codec().encode(obj.probe, w)
        }

        if (obj.kept != null) {
          w.uint32(90)
          Kept.codec().encode(obj.kept, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.list = List.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.list
              })
              break
            }
            case 3: {
              obj.stat = Stat.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.stat
              })
              break
            }
            case 4: {
              obj.get = Get.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.get
              })
              break
            }
            case 5: {
              obj.put = Put.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.put
              })
              break
            }
            case 6: {
              obj.delete = Delete.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.delete
              })
              break
            }
            case 7: {
              obj.rename = Rename.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.rename
              })
              break
            }
            case 8: {
              obj.mkdir = Mkdir.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.mkdir
              })
              break
            }
            case 9: {
              obj.digest = Digest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.digest
              })
              break
            }
            case 10: {
              obj.probe = Probe.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.probe
              })
              break
            }
            case 11: {
              obj.kept = Kept.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.kept
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.kept != null) {
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.probe != null) {
          delete obj.kept
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.digest != null) {
          delete obj.kept
          delete obj.probe
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.mkdir != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.rename != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.delete != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.put
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.put != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.get
          delete obj.stat
          delete obj.list
        }

        if (obj.get != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.stat
          delete obj.list
        }

        if (obj.stat != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.list
        }

        if (obj.list != null) {
          delete obj.kept
          delete obj.probe
          delete obj.digest
          delete obj.mkdir
          delete obj.rename
          delete obj.delete
          delete obj.put
          delete obj.get
          delete obj.stat
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield * List.codec().stream(reader, reader.uint32(), `${prefix}.list`, {
                limits: opts.limits?.list
              })

              break
            }
            case 3: {
              yield * Stat.codec().stream(reader, reader.uint32(), `${prefix}.stat`, {
                limits: opts.limits?.stat
              })

              break
            }
            case 4: {
              yield * Get.codec().stream(reader, reader.uint32(), `${prefix}.get`, {
                limits: opts.limits?.get
              })

              break
            }
            case 5: {
              yield * Put.codec().stream(reader, reader.uint32(), `${prefix}.put`, {
                limits: opts.limits?.put
              })

              break
            }
            case 6: {
              yield * Delete.codec().stream(reader, reader.uint32(), `${prefix}.delete`, {
                limits: opts.limits?.delete
              })

              break
            }
            case 7: {
              yield * Rename.codec().stream(reader, reader.uint32(), `${prefix}.rename`, {
                limits: opts.limits?.rename
              })

              break
            }
            case 8: {
              yield * Mkdir.codec().stream(reader, reader.uint32(), `${prefix}.mkdir`, {
                limits: opts.limits?.mkdir
              })

              break
            }
            case 9: {
              yield * Digest.codec().stream(reader, reader.uint32(), `${prefix}.digest`, {
                limits: opts.limits?.digest
              })

              break
            }
            case 10: {
              yield * Probe.codec().stream(reader, reader.uint32(), `${prefix}.probe`, {
                limits: opts.limits?.probe
              })

              break
            }
            case 11: {
              yield * Kept.codec().stream(reader, reader.uint32(), `${prefix}.kept`, {
                limits: opts.limits?.kept
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RequestIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface RequestListPathFieldEvent {
    field: '$.list.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestListRecursiveFieldEvent {
    field: '$.list.recursive'
    value: boolean
  }

  export interface RequestStatPathFieldEvent {
    field: '$.stat.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestGetPathFieldEvent {
    field: '$.get.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestGetOffsetFieldEvent {
    field: '$.get.offset'
    value: number
  }

  export interface RequestGetLengthFieldEvent {
    field: '$.get.length'
    value: number
  }

  export interface RequestPutPathFieldEvent {
    field: '$.put.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestPutFileSizeFieldEvent {
    field: '$.put.file.size'
    value: number
  }

  export interface RequestPutFileMtimeFieldEvent {
    field: '$.put.file.mtime'
    value: bigint
  }

  export interface RequestPutFileExecutableFieldEvent {
    field: '$.put.file.executable'
    value: boolean
  }

  export interface RequestPutOverwriteFieldEvent {
    field: '$.put.overwrite'
    value: boolean
  }

  export interface RequestPutOffsetFieldEvent {
    field: '$.put.offset'
    value: number
  }

  export interface RequestPutStreamFieldEvent {
    field: '$.put.stream'
    value: boolean
  }

  export interface RequestDeletePathFieldEvent {
    field: '$.delete.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestRenameFromFieldEvent {
    field: '$.rename.from'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestRenameToFieldEvent {
    field: '$.rename.to'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestRenameOverwriteFieldEvent {
    field: '$.rename.overwrite'
    value: boolean
  }

  export interface RequestMkdirPathFieldEvent {
    field: '$.mkdir.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestMkdirParentsFieldEvent {
    field: '$.mkdir.parents'
    value: boolean
  }

  export interface RequestDigestPathFieldEvent {
    field: '$.digest.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestDigestAlgorithmFieldEvent {
    field: '$.digest.algorithm'
    value: number
  }

  export interface RequestProbeSizeFieldEvent {
    field: '$.probe.size'
    value: number
  }

  export interface RequestKeptPathFieldEvent {
    field: '$.kept.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RequestKeptFileSizeFieldEvent {
    field: '$.kept.file.size'
    value: number
  }

  export interface RequestKeptFileMtimeFieldEvent {
    field: '$.kept.file.mtime'
    value: bigint
  }

  export interface RequestKeptFileExecutableFieldEvent {
    field: '$.kept.file.executable'
    value: boolean
  }

  export function encode (obj: Partial<Request>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Request.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Request>): Request {
    return decodeMessage(buf, Request.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Request>): Generator<RequestIdFieldEvent | RequestListPathFieldEvent | RequestListRecursiveFieldEvent | RequestStatPathFieldEvent | RequestGetPathFieldEvent | RequestGetOffsetFieldEvent | RequestGetLengthFieldEvent | RequestPutPathFieldEvent | RequestPutFileSizeFieldEvent | RequestPutFileMtimeFieldEvent | RequestPutFileExecutableFieldEvent | RequestPutOverwriteFieldEvent | RequestPutOffsetFieldEvent | RequestPutStreamFieldEvent | RequestDeletePathFieldEvent | RequestRenameFromFieldEvent | RequestRenameToFieldEvent | RequestRenameOverwriteFieldEvent | RequestMkdirPathFieldEvent | RequestMkdirParentsFieldEvent | RequestDigestPathFieldEvent | RequestDigestAlgorithmFieldEvent | RequestProbeSizeFieldEvent | RequestKeptPathFieldEvent | RequestKeptFileSizeFieldEvent | RequestKeptFileMtimeFieldEvent | RequestKeptFileExecutableFieldEvent> {
    return streamMessage(buf, Request.codec(), opts)
  }
}

export interface List {
  path: Uint8Array<ArrayBuffer>
  recursive: boolean
}

export namespace List {
  let _codec: Codec<List>

  export const codec = (): Codec<List> => {
    if (_codec == null) {
      _codec = message<List>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.recursive != null && obj.recursive !== false)) {
          w.uint32(16)
          w.bool(obj.recursive)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          recursive: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.recursive = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.recursive`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ListPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListRecursiveFieldEvent {
    field: '$.recursive'
    value: boolean
  }

  export function encode (obj: Partial<List>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, List.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): List {
    return decodeMessage(buf, List.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<List>): Generator<ListPathFieldEvent | ListRecursiveFieldEvent> {
    return streamMessage(buf, List.codec(), opts)
  }
}

export interface Stat {
  path: Uint8Array<ArrayBuffer>
}

export namespace Stat {
  let _codec: Codec<Stat>

  export const codec = (): Codec<Stat> => {
    if (_codec == null) {
      _codec = message<Stat>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StatPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Stat>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Stat.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Stat>): Stat {
    return decodeMessage(buf, Stat.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Stat>): Generator<StatPathFieldEvent> {
    return streamMessage(buf, Stat.codec(), opts)
  }
}

export interface Get {
  path: Uint8Array<ArrayBuffer>
  offset: number
  length?: number
}

export namespace Get {
  let _codec: Codec<Get>

  export const codec = (): Codec<Get> => {
    if (_codec == null) {
      _codec = message<Get>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if (obj.length != null) {
          w.uint32(24)
          w.uint64Number(obj.length)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          offset: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
              break
            }
            case 3: {
              obj.length = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.length`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface GetPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface GetOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export interface GetLengthFieldEvent {
    field: '$.length'
    value: number
  }

  export function encode (obj: Partial<Get>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Get.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Get>): Get {
    return decodeMessage(buf, Get.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Get>): Generator<GetPathFieldEvent | GetOffsetFieldEvent | GetLengthFieldEvent> {
    return streamMessage(buf, Get.codec(), opts)
  }
}

export interface Put {
  path: Uint8Array<ArrayBuffer>
  file?: FileInfo
  overwrite: boolean
  offset: number
  stream: boolean
}

export namespace Put {
  let _codec: Codec<Put>

  export const codec = (): Codec<Put> => {
    if (_codec == null) {
      _codec = message<Put>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if (obj.file != null) {
          w.uint32(18)
          FileInfo.codec().encode(obj.file, w)
        }

        if ((obj.overwrite != null && obj.overwrite !== false)) {
          w.uint32(24)
          w.bool(obj.overwrite)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.offset)
        }

        if ((obj.stream != null && obj.stream !== false)) {
          w.uint32(40)
          w.bool(obj.stream)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          overwrite: false,
          offset: 0,
          stream: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.file = FileInfo.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.file
              })
              break
            }
            case 3: {
              obj.overwrite = reader.bool()
              break
            }
            case 4: {
              obj.offset = reader.uint64Number()
              break
            }
            case 5: {
              obj.stream = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * FileInfo.codec().stream(reader, reader.uint32(), `${prefix}.file`, {
                limits: opts.limits?.file
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.overwrite`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.stream`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PutPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface PutFileSizeFieldEvent {
    field: '$.file.size'
    value: number
  }

  export interface PutFileMtimeFieldEvent {
    field: '$.file.mtime'
    value: bigint
  }

  export interface PutFileExecutableFieldEvent {
    field: '$.file.executable'
    value: boolean
  }

  export interface PutOverwriteFieldEvent {
    field: '$.overwrite'
    value: boolean
  }

  export interface PutOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export interface PutStreamFieldEvent {
    field: '$.stream'
    value: boolean
  }

  export function encode (obj: Partial<Put>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Put.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Put>): Put {
    return decodeMessage(buf, Put.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Put>): Generator<PutPathFieldEvent | PutFileSizeFieldEvent | PutFileMtimeFieldEvent | PutFileExecutableFieldEvent | PutOverwriteFieldEvent | PutOffsetFieldEvent | PutStreamFieldEvent> {
    return streamMessage(buf, Put.codec(), opts)
  }
}

export interface Delete {
  path: Uint8Array<ArrayBuffer>
}

export namespace Delete {
  let _codec: Codec<Delete>

  export const codec = (): Codec<Delete> => {
    if (_codec == null) {
      _codec = message<Delete>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface DeletePathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Delete>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Delete.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Delete>): Delete {
    return decodeMessage(buf, Delete.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Delete>): Generator<DeletePathFieldEvent> {
    return streamMessage(buf, Delete.codec(), opts)
  }
}

export interface Rename {
  from: Uint8Array<ArrayBuffer>
  to: Uint8Array<ArrayBuffer>
  overwrite: boolean
}

export namespace Rename {
  let _codec: Codec<Rename>

  export const codec = (): Codec<Rename> => {
    if (_codec == null) {
      _codec = message<Rename>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.from != null && obj.from.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.from)
        }

        if ((obj.to != null && obj.to.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.to)
        }

        if ((obj.overwrite != null && obj.overwrite !== false)) {
          w.uint32(24)
          w.bool(obj.overwrite)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: uint8ArrayAlloc(0),
          to: uint8ArrayAlloc(0),
          overwrite: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.from = reader.bytes()
              break
            }
            case 2: {
              obj.to = reader.bytes()
              break
            }
            case 3: {
              obj.overwrite = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.from`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.to`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.overwrite`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RenameFromFieldEvent {
    field: '$.from'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RenameToFieldEvent {
    field: '$.to'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RenameOverwriteFieldEvent {
    field: '$.overwrite'
    value: boolean
  }

  export function encode (obj: Partial<Rename>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Rename.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Rename>): Rename {
    return decodeMessage(buf, Rename.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Rename>): Generator<RenameFromFieldEvent | RenameToFieldEvent | RenameOverwriteFieldEvent> {
    return streamMessage(buf, Rename.codec(), opts)
  }
}

export interface Mkdir {
  path: Uint8Array<ArrayBuffer>
  parents: boolean
}

export namespace Mkdir {
  let _codec: Codec<Mkdir>

  export const codec = (): Codec<Mkdir> => {
    if (_codec == null) {
      _codec = message<Mkdir>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.parents != null && obj.parents !== false)) {
          w.uint32(16)
          w.bool(obj.parents)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          parents: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.parents = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.parents`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface MkdirPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface MkdirParentsFieldEvent {
    field: '$.parents'
    value: boolean
  }

  export function encode (obj: Partial<Mkdir>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Mkdir.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Mkdir>): Mkdir {
    return decodeMessage(buf, Mkdir.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Mkdir>): Generator<MkdirPathFieldEvent | MkdirParentsFieldEvent> {
    return streamMessage(buf, Mkdir.codec(), opts)
  }
}

export interface Digest {
  path: Uint8Array<ArrayBuffer>
  algorithm: number
}

export namespace Digest {
  let _codec: Codec<Digest>

  export const codec = (): Codec<Digest> => {
    if (_codec == null) {
      _codec = message<Digest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.algorithm != null && obj.algorithm !== 0)) {
          w.uint32(16)
          w.uint32(obj.algorithm)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          algorithm: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.algorithm = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.algorithm`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface DigestPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DigestAlgorithmFieldEvent {
    field: '$.algorithm'
    value: number
  }

  export function encode (obj: Partial<Digest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Digest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Digest {
    return decodeMessage(buf, Digest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Digest>): Generator<DigestPathFieldEvent | DigestAlgorithmFieldEvent> {
    return streamMessage(buf, Digest.codec(), opts)
  }
}

export interface Probe {
  size: number
}

export namespace Probe {
  let _codec: Codec<Probe>

  export const codec = (): Codec<Probe> => {
    if (_codec == null) {
      _codec = message<Probe>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.size)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          size: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.size = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.size`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ProbeSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export function encode (obj: Partial<Probe>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Probe.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Probe>): Probe {
    return decodeMessage(buf, Probe.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Probe>): Generator<ProbeSizeFieldEvent> {
    return streamMessage(buf, Probe.codec(), opts)
  }
}

export interface Kept {
  path: Uint8Array<ArrayBuffer>
  file?: FileInfo
}

export namespace Kept {
  let _codec: Codec<Kept>

  export const codec = (): Codec<Kept> => {
    if (_codec == null) {
      _codec = message<Kept>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if (obj.file != null) {
          w.uint32(18)
          FileInfo.codec().encode(obj.file, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.file = FileInfo.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.file
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * FileInfo.codec().stream(reader, reader.uint32(), `${prefix}.file`, {
                limits: opts.limits?.file
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface KeptPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface KeptFileSizeFieldEvent {
    field: '$.file.size'
    value: number
  }

  export interface KeptFileMtimeFieldEvent {
    field: '$.file.mtime'
    value: bigint
  }

  export interface KeptFileExecutableFieldEvent {
    field: '$.file.executable'
    value: boolean
  }

  export function encode (obj: Partial<Kept>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Kept.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Kept>): Kept {
    return decodeMessage(buf, Kept.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Kept>): Generator<KeptPathFieldEvent | KeptFileSizeFieldEvent | KeptFileMtimeFieldEvent | KeptFileExecutableFieldEvent> {
    return streamMessage(buf, Kept.codec(), opts)
  }
}

export interface FileInfo {
  size: number
  mtime: bigint
  executable: boolean
}

export namespace FileInfo {
  let _codec: Codec<FileInfo>

  export const codec = (): Codec<FileInfo> => {
    if (_codec == null) {
      _codec = message<FileInfo>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.size)
        }

        if ((obj.mtime != null && obj.mtime !== 0n)) {
          w.uint32(16)
          w.sint64(obj.mtime)
        }

        if ((obj.executable != null && obj.executable !== false)) {
          w.uint32(24)
          w.bool(obj.executable)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          size: 0,
          mtime: 0n,
          executable: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.size = reader.uint64Number()
              break
            }
            case 2: {
              obj.mtime = reader.sint64()
              break
            }
            case 3: {
              obj.executable = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.size`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.mtime`,
                value: reader.sint64()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.executable`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FileInfoSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export interface FileInfoMtimeFieldEvent {
    field: '$.mtime'
    value: bigint
  }

  export interface FileInfoExecutableFieldEvent {
    field: '$.executable'
    value: boolean
  }

  export function encode (obj: Partial<FileInfo>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, FileInfo.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FileInfo>): FileInfo {
    return decodeMessage(buf, FileInfo.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FileInfo>): Generator<FileInfoSizeFieldEvent | FileInfoMtimeFieldEvent | FileInfoExecutableFieldEvent> {
    return streamMessage(buf, FileInfo.codec(), opts)
  }
}

export interface Begin {
  id: number
  file?: FileInfo
}

export namespace Begin {
  let _codec: Codec<Begin>

  export const codec = (): Codec<Begin> => {
    if (_codec == null) {
      _codec = message<Begin>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if (obj.file != null) {
          w.uint32(18)
          FileInfo.codec().encode(obj.file, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.file = FileInfo.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.file
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield * FileInfo.codec().stream(reader, reader.uint32(), `${prefix}.file`, {
                limits: opts.limits?.file
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BeginIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface BeginFileSizeFieldEvent {
    field: '$.file.size'
    value: number
  }

  export interface BeginFileMtimeFieldEvent {
    field: '$.file.mtime'
    value: bigint
  }

  export interface BeginFileExecutableFieldEvent {
    field: '$.file.executable'
    value: boolean
  }

  export function encode (obj: Partial<Begin>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Begin.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Begin>): Begin {
    return decodeMessage(buf, Begin.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Begin>): Generator<BeginIdFieldEvent | BeginFileSizeFieldEvent | BeginFileMtimeFieldEvent | BeginFileExecutableFieldEvent> {
    return streamMessage(buf, Begin.codec(), opts)
  }
}

export interface End {
  id: number
  error: number
  size: number
  md5: Uint8Array<ArrayBuffer>
}

export namespace End {
  let _codec: Codec<End>

  export const codec = (): Codec<End> => {
    if (_codec == null) {
      _codec = message<End>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.error != null && obj.error !== 0)) {
          w.uint32(16)
          w.uint32(obj.error)
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.size)
        }

        if ((obj.md5 != null && obj.md5.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.md5)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          error: 0,
          size: 0,
          md5: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.error = reader.uint32()
              break
            }
            case 3: {
              obj.size = reader.uint64Number()
              break
            }
            case 4: {
              obj.md5 = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.error`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.size`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.md5`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface EndIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface EndErrorFieldEvent {
    field: '$.error'
    value: number
  }

  export interface EndSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export interface EndMd5FieldEvent {
    field: '$.md5'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<End>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, End.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): End {
    return decodeMessage(buf, End.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): Generator<EndIdFieldEvent | EndErrorFieldEvent | EndSizeFieldEvent | EndMd5FieldEvent> {
    return streamMessage(buf, End.codec(), opts)
  }
}

export interface Result {
  id: number
  error: number
  entry?: Entry
  digest: Uint8Array<ArrayBuffer>
  kept: number
  changed: boolean
}

export namespace Result {
  let _codec: Codec<Result>

  export const codec = (): Codec<Result> => {
    if (_codec == null) {
      _codec = message<Result>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.error != null && obj.error !== 0)) {
          w.uint32(16)
          w.uint32(obj.error)
        }

        if (obj.entry != null) {
          w.uint32(26)
          Entry.codec().encode(obj.entry, w)
        }

        if ((obj.digest != null && obj.digest.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.digest)
        }

        if ((obj.kept != null && obj.kept !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.kept)
        }

        if ((obj.changed != null && obj.changed !== false)) {
          w.uint32(48)
          w.bool(obj.changed)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          error: 0,
          digest: uint8ArrayAlloc(0),
          kept: 0,
          changed: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.error = reader.uint32()
              break
            }
            case 3: {
              obj.entry = Entry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.entry
              })
              break
            }
            case 4: {
              obj.digest = reader.bytes()
              break
            }
            case 5: {
              obj.kept = reader.uint64Number()
              break
            }
            case 6: {
              obj.changed = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.error`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield * Entry.codec().stream(reader, reader.uint32(), `${prefix}.entry`, {
                limits: opts.limits?.entry
              })

              break
            }
            case 4: {
              yield {
                field: `${prefix}.digest`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.kept`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.changed`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ResultIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface ResultErrorFieldEvent {
    field: '$.error'
    value: number
  }

  export interface ResultEntryPathFieldEvent {
    field: '$.entry.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ResultEntryTypeFieldEvent {
    field: '$.entry.type'
    value: number
  }

  export interface ResultEntrySizeFieldEvent {
    field: '$.entry.size'
    value: number
  }

  export interface ResultEntryMtimeFieldEvent {
    field: '$.entry.mtime'
    value: bigint
  }

  export interface ResultEntryExecutableFieldEvent {
    field: '$.entry.executable'
    value: boolean
  }

  export interface ResultDigestFieldEvent {
    field: '$.digest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ResultKeptFieldEvent {
    field: '$.kept'
    value: number
  }

  export interface ResultChangedFieldEvent {
    field: '$.changed'
    value: boolean
  }

  export function encode (obj: Partial<Result>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Result.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Result>): Result {
    return decodeMessage(buf, Result.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Result>): Generator<ResultIdFieldEvent | ResultErrorFieldEvent | ResultEntryPathFieldEvent | ResultEntryTypeFieldEvent | ResultEntrySizeFieldEvent | ResultEntryMtimeFieldEvent | ResultEntryExecutableFieldEvent | ResultDigestFieldEvent | ResultKeptFieldEvent | ResultChangedFieldEvent> {
    return streamMessage(buf, Result.codec(), opts)
  }
}

export interface Credit {
  bytes: number
}

export namespace Credit {
  let _codec: Codec<Credit>

  export const codec = (): Codec<Credit> => {
    if (_codec == null) {
      _codec = message<Credit>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(8)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytes = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CreditBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Credit>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Credit.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Credit {
    return decodeMessage(buf, Credit.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Generator<CreditBytesFieldEvent> {
    return streamMessage(buf, Credit.codec(), opts)
  }
}

export interface Close {
  error: number
}

export namespace Close {
  let _codec: Codec<Close>

  export const codec = (): Codec<Close> => {
    if (_codec == null) {
      _codec = message<Close>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.error != null && obj.error !== 0)) {
          w.uint32(8)
          w.uint32(obj.error)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          error: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.error = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.error`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CloseErrorFieldEvent {
    field: '$.error'
    value: number
  }

  export function encode (obj: Partial<Close>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Close.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Close {
    return decodeMessage(buf, Close.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Generator<CloseErrorFieldEvent> {
    return streamMessage(buf, Close.codec(), opts)
  }
}

export interface Entry {
  path: Uint8Array<ArrayBuffer>
  type: number
  size: number
  mtime: bigint
  executable: boolean
}

export namespace Entry {
  let _codec: Codec<Entry>

  export const codec = (): Codec<Entry> => {
    if (_codec == null) {
      _codec = message<Entry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.type != null && obj.type !== 0)) {
          w.uint32(16)
          w.uint32(obj.type)
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.size)
        }

        if ((obj.mtime != null && obj.mtime !== 0n)) {
          w.uint32(32)
          w.sint64(obj.mtime)
        }

        if ((obj.executable != null && obj.executable !== false)) {
          w.uint32(40)
          w.bool(obj.executable)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          type: 0,
          size: 0,
          mtime: 0n,
          executable: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.type = reader.uint32()
              break
            }
            case 3: {
              obj.size = reader.uint64Number()
              break
            }
            case 4: {
              obj.mtime = reader.sint64()
              break
            }
            case 5: {
              obj.executable = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.type`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.size`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.mtime`,
                value: reader.sint64()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.executable`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface EntryPathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface EntryTypeFieldEvent {
    field: '$.type'
    value: number
  }

  export interface EntrySizeFieldEvent {
    field: '$.size'
    value: number
  }

  export interface EntryMtimeFieldEvent {
    field: '$.mtime'
    value: bigint
  }

  export interface EntryExecutableFieldEvent {
    field: '$.executable'
    value: boolean
  }

  export function encode (obj: Partial<Entry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Entry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Entry {
    return decodeMessage(buf, Entry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Generator<EntryPathFieldEvent | EntryTypeFieldEvent | EntrySizeFieldEvent | EntryMtimeFieldEvent | EntryExecutableFieldEvent> {
    return streamMessage(buf, Entry.codec(), opts)
  }
}

export interface Page {
  entries: Entry[]
}

export namespace Page {
  let _codec: Codec<Page>

  export const codec = (): Codec<Page> => {
    if (_codec == null) {
      _codec = message<Page>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.entries != null && obj.entries.length > 0) {
          for (const value of obj.entries) {
            w.uint32(10)
            Entry.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          entries: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries.length === opts.limits.entries) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              if (obj.entries.length === 1024) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              obj.entries.push(Entry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.entries$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          entries: 1024
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries === opts.limits.entries) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              if (obj.entries === 1024) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              for (const evt of Entry.codec().stream(reader, reader.uint32(), `${prefix}.entries[]`, {
                limits: opts.limits?.entries$
              })) {
                yield {
                  ...evt,
                  index: obj.entries
                }
              }

              obj.entries++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PageEntriesPathFieldEvent {
    field: '$.entries[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface PageEntriesTypeFieldEvent {
    field: '$.entries[].type'
    value: number
    index: number
  }

  export interface PageEntriesSizeFieldEvent {
    field: '$.entries[].size'
    value: number
    index: number
  }

  export interface PageEntriesMtimeFieldEvent {
    field: '$.entries[].mtime'
    value: bigint
    index: number
  }

  export interface PageEntriesExecutableFieldEvent {
    field: '$.entries[].executable'
    value: boolean
    index: number
  }

  export function encode (obj: Partial<Page>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Page.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Page>): Page {
    return decodeMessage(buf, Page.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Page>): Generator<PageEntriesPathFieldEvent | PageEntriesTypeFieldEvent | PageEntriesSizeFieldEvent | PageEntriesMtimeFieldEvent | PageEntriesExecutableFieldEvent> {
    return streamMessage(buf, Page.codec(), opts)
  }
}

export interface PairHello {
  version: number
  nonce: Uint8Array<ArrayBuffer>
}

export namespace PairHello {
  let _codec: Codec<PairHello>

  export const codec = (): Codec<PairHello> => {
    if (_codec == null) {
      _codec = message<PairHello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.nonce)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          nonce: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.nonce = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.nonce`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PairHelloVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface PairHelloNonceFieldEvent {
    field: '$.nonce'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<PairHello>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PairHello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairHello>): PairHello {
    return decodeMessage(buf, PairHello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairHello>): Generator<PairHelloVersionFieldEvent | PairHelloNonceFieldEvent> {
    return streamMessage(buf, PairHello.codec(), opts)
  }
}

export interface PairShare {
  point: Uint8Array<ArrayBuffer>
}

export namespace PairShare {
  let _codec: Codec<PairShare>

  export const codec = (): Codec<PairShare> => {
    if (_codec == null) {
      _codec = message<PairShare>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.point != null && obj.point.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.point)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          point: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.point = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.point`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PairSharePointFieldEvent {
    field: '$.point'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<PairShare>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PairShare.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairShare>): PairShare {
    return decodeMessage(buf, PairShare.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairShare>): Generator<PairSharePointFieldEvent> {
    return streamMessage(buf, PairShare.codec(), opts)
  }
}

export interface PairProof {
  tag: Uint8Array<ArrayBuffer>
}

export namespace PairProof {
  let _codec: Codec<PairProof>

  export const codec = (): Codec<PairProof> => {
    if (_codec == null) {
      _codec = message<PairProof>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.tag != null && obj.tag.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.tag)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tag: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.tag = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.tag`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PairProofTagFieldEvent {
    field: '$.tag'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<PairProof>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PairProof.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairProof>): PairProof {
    return decodeMessage(buf, PairProof.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairProof>): Generator<PairProofTagFieldEvent> {
    return streamMessage(buf, PairProof.codec(), opts)
  }
}

export interface PairVerdict {
  error: number
  tag: Uint8Array<ArrayBuffer>
  name: Uint8Array<ArrayBuffer>
}

export namespace PairVerdict {
  let _codec: Codec<PairVerdict>

  export const codec = (): Codec<PairVerdict> => {
    if (_codec == null) {
      _codec = message<PairVerdict>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.error != null && obj.error !== 0)) {
          w.uint32(8)
          w.uint32(obj.error)
        }

        if ((obj.tag != null && obj.tag.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.tag)
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.name)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          error: 0,
          tag: uint8ArrayAlloc(0),
          name: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.error = reader.uint32()
              break
            }
            case 2: {
              obj.tag = reader.bytes()
              break
            }
            case 3: {
              obj.name = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.error`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.tag`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PairVerdictErrorFieldEvent {
    field: '$.error'
    value: number
  }

  export interface PairVerdictTagFieldEvent {
    field: '$.tag'
    value: Uint8Array<ArrayBuffer>
  }

  export interface PairVerdictNameFieldEvent {
    field: '$.name'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<PairVerdict>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PairVerdict.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairVerdict>): PairVerdict {
    return decodeMessage(buf, PairVerdict.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairVerdict>): Generator<PairVerdictErrorFieldEvent | PairVerdictTagFieldEvent | PairVerdictNameFieldEvent> {
    return streamMessage(buf, PairVerdict.codec(), opts)
  }
}

export interface PairDone {
  error: number
  name: Uint8Array<ArrayBuffer>
}

export namespace PairDone {
  let _codec: Codec<PairDone>

  export const codec = (): Codec<PairDone> => {
    if (_codec == null) {
      _codec = message<PairDone>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.error != null && obj.error !== 0)) {
          w.uint32(8)
          w.uint32(obj.error)
        }

        if ((obj.name != null && obj.name.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.name)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          error: 0,
          name: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.error = reader.uint32()
              break
            }
            case 2: {
              obj.name = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.error`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.name`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PairDoneErrorFieldEvent {
    field: '$.error'
    value: number
  }

  export interface PairDoneNameFieldEvent {
    field: '$.name'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<PairDone>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PairDone.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairDone>): PairDone {
    return decodeMessage(buf, PairDone.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PairDone>): Generator<PairDoneErrorFieldEvent | PairDoneNameFieldEvent> {
    return streamMessage(buf, PairDone.codec(), opts)
  }
}
