// Numbers of `result.error_code`, as far as the simulated printer gives them. Sources: ../README.md.

export const errorCode = {
  ok: 0,
  filamentRunOut: 109,
  notRegistered: 1000,
  unknownMethod: 1001,
  cannotOpenFolder: 1002,
  invalidParameter: 1003,
  deleteFailed: 1007,
  busy: 1009,
  notPrinting: 1010,
  taskNotFound: 1012,
  fileNotFound: 1021,
  meshMissing: 1026,
  offsetMismatch: 9000,
  writeError: 9002,
  md5Mismatch: 9004,
  nothingToCancel: 9005,
} as const;
