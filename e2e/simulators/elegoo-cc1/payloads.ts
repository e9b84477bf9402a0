// The exact payload each command takes. The real daemon crashes on others, so a frame that does not
// fit counts as malformed here, and a test that sends one shows it.

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;
/** Gives the reason in words when a payload does not fit. */
type PayloadCheck = (data: Readonly<Record<string, unknown>>) => string | undefined;

const text: Check = (value) => typeof value === "string" && value !== "";
const path: Check = (value) => typeof value === "string" && value.startsWith("/");
const integer: Check = (value) => Number.isInteger(value);
const number: Check = (value) => typeof value === "number";
// JSON booleans read as 0 and 1 in the daemon's parser.
const flag: Check = (value) => value === 0 || value === 1 || typeof value === "boolean";
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const list =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => each(item));
const object =
  (required: Shape, optional: Shape = {}): Check =>
  (value) =>
    typeof value === "object" && value !== null && exact(required, optional)({ ...value }) === undefined;

/** All of `required`, any of `optional`, nothing else. */
function exact(required: Shape, optional: Shape = {}): PayloadCheck {
  return (data) => {
    for (const key of Object.keys(required)) {
      if (!Object.hasOwn(data, key)) return `${key} is missing`;
    }
    for (const [key, value] of Object.entries(data)) {
      const check = Object.hasOwn(required, key)
        ? required[key]
        : Object.hasOwn(optional, key)
          ? optional[key]
          : undefined;
      if (check === undefined) return `${key} is not a key of this command`;
      if (!check(value)) return `${key} has a wrong value`;
    }
    return undefined;
  };
}

function either(...checks: readonly PayloadCheck[]): PayloadCheck {
  return (data) => {
    const reasons = checks.map((check) => check(data));
    return reasons.includes(undefined) ? undefined : reasons[0];
  };
}

/** The keys that command 403 knows; any of them, at least one. */
const controls: Shape = {
  PrintSpeedPct: integer,
  TargetFanSpeed: object({}, { ModelFan: integer, AuxiliaryFan: integer, BoxFan: integer }),
  TempTargetNozzle: number,
  TempTargetHotbed: number,
  TempTargetBox: number,
  LightStatus: object({ SecondLight: flag }, { RgbLight: list(integer) }),
};

const nothing = exact({});
const ids = exact({ Id: list(text) });

/** By command number. A number that is not here is unknown to the printer. */
export const payloads: Readonly<Record<number, PayloadCheck>> = {
  0: nothing,
  1: nothing,
  128: exact(
    { Filename: text },
    {
      StartLayer: integer,
      Calibration_switch: flag,
      PrintPlatformType: flag,
      Tlp_Switch: flag,
      slot_map: list(object({ t: integer, canvas_id: integer, tray_id: integer })),
    },
  ),
  129: nothing,
  130: nothing,
  131: nothing,
  134: nothing,
  135: exact({ action: flag }),
  192: exact({ Name: text }),
  255: exact({ Uuid: text, FileName: text }),
  257: exact({ SrcPath: path, TargetPath: path }),
  258: exact({ Url: path }),
  // The form with Url is taken and does nothing, as on the real machine.
  259: either(exact({ FileList: list(text) }, { FolderList: list(text) }), exact({ Url: text })),
  260: exact({ Url: text }),
  320: nothing,
  321: ids,
  322: ids,
  323: exact({ Url: list(text) }),
  324: nothing,
  386: exact({ Enable: flag }),
  401: exact({ Axis: oneOf("X", "Y", "Z"), Step: number }),
  402: exact({ Axis: oneOf("X", "Y", "Z", "XYZ") }),
  403: (data) => (Object.keys(data).length === 0 ? "no parameter is named" : exact({}, controls)(data)),
  512: exact({ TimePeriod: (value) => integer(value) && Number(value) > 0 }),
};
