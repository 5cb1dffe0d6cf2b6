import type { AmfObject } from './amf-value.ts';
import { AUDIO_FOUR_CCS, VIDEO_FOUR_CCS } from './four-cc.ts';

/** Enhanced RTMP v2, "FourCcInfoMask": we neither encode nor decode, we forward. */
const CAN_FORWARD = 4;
/** "CapsExMask": Multitrack, ModEx and TimestampNanoOffset; not Reconnect. */
const CAPS_EX = 0x02 | 0x04 | 0x08;

/** Properties and information object of the `_result` that answers `connect` (RTMP §7.2.1.1; Enhanced RTMP v2). */
export function connectResult(): [properties: AmfObject, information: AmfObject] {
  const properties: AmfObject = {
    fmsVer: 'FMS/3,5,7,7009',
    capabilities: 31,
    mode: 1,
    fourCcList: [...VIDEO_FOUR_CCS, ...AUDIO_FOUR_CCS],
    videoFourCcInfoMap: infoMap(VIDEO_FOUR_CCS),
    audioFourCcInfoMap: infoMap(AUDIO_FOUR_CCS),
    capsEx: CAPS_EX,
  };
  const information: AmfObject = {
    level: 'status',
    code: 'NetConnection.Connect.Success',
    description: 'Connection succeeded.',
    objectEncoding: 0,
  };
  return [properties, information];
}

function infoMap(fourCcs: readonly string[]): AmfObject {
  return Object.fromEntries(fourCcs.map((fourCc) => [fourCc, CAN_FORWARD]));
}
