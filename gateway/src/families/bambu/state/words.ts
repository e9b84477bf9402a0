// What the printer's error codes mean, as far as they are known here; others are shown by their code,
// their module and their severity. Data. Facts: the family's README.

/** `print_error` as XXXX_XXXX. Codes of the AMS stand with 07xx, whichever unit. */
export const printErrorWords: Readonly<Record<string, string>> = {
  "0300_8000": "The print is paused for a reason that is not told",
  "0300_8001": "The print is paused by the user",
  "0300_8003": "Spaghetti was detected; the print is paused",
  "0300_8004": "The filament ran out",
  "0300_8005": "The front cover of the toolhead fell off",
  "0300_800A": "Filament piled up in the purge chute",
  "0500_4001": "The printer cannot reach the cloud",
  "0500_4002": "The path or name of the print file is not supported",
  "0500_4003": "The print file cannot be parsed",
  "0500_4004": "The printer is busy and cannot start a job",
  "0500_4005": "No job can be started while the firmware is updated",
  "0500_4006": "The storage is full",
  "0500_4008": "Starting the job failed",
  "0500_4009": "Refused while logs are uploaded",
  "0500_400A": "The file name is not supported",
  "0500_400B": "The print file could not be downloaded",
  "0500_8013": "The print file is not there any more",
  "0500_8051": "The build plate is not the one that the job was sliced for",
  "0500_8061": "No build plate was found",
  "0500_C010": "The SD card cannot be read or written",
  "0502_4007": "A command was not authorized: the printer takes signed commands only",
  "0502_4009": "A command carried a malformed signature",
  "0C00_8001": "Defects were found in the first layer",
  "0C00_8005": "Purged filament piled up",
  "0C00_8009": "The marker of the build plate was not found",
  "07xx_8001": "The AMS failed to cut the filament",
  "07xx_8002": "The AMS found the filament cutter stuck",
  "07xx_8003": "The AMS failed to pull the filament out of the extruder",
  "07xx_8004": "The AMS failed to pull the filament back",
  "07xx_8005": "The AMS failed to send the filament out",
  "07xx_8006": "The AMS failed to feed the filament into the toolhead",
  "07xx_8007": "Extruding the filament failed",
  "07xx_8010": "The motor of the AMS is overloaded",
  "07xx_8011": "The filament in the AMS ran out",
  "07xx_8012": "The job says nothing of which slot feeds which filament",
  "07FF_8003": "Pull the filament of the external spool out of the extruder",
  "07FF_8004": "Pull the filament back from the extruder to the external spool",
  "07FF_8005": "Feed the filament of the external spool",
  "07FF_8006": "Feed the filament of the external spool into the extruder",
  "07FF_8007": "Look whether filament comes out of the nozzle",
  "07FF_8010": "Look whether the external spool is stuck",
  "07FF_8011": "The external spool ran out",
};

/** `hms` entries as AAAA_BBBB_CCCC_DDDD. */
export const hmsWords: Readonly<Record<string, string>> = {
  "0300_0100_0001_0007": "The temperature sensor of the heatbed has an open circuit",
  "0500_0500_0001_0007": "A command could not be verified: the printer takes signed commands only",
};

/** Bits 24 to 31 of a code. */
export const modules: Readonly<Record<number, string>> = {
  0x03: "motion controller",
  0x05: "mainboard",
  0x07: "AMS",
  0x08: "toolhead",
  0x0c: "camera watch",
  0x10: "print advice",
  0x12: "AMS Lite",
  0x18: "AMS HT",
};

/** Modules of which there may be several, numbered in bits 16 to 23. */
export const numberedModules: ReadonlySet<number> = new Set([0x07, 0x12, 0x18]);
