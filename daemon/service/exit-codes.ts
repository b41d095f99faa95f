/** How the programs end; the old program's codes, but for a configuration that is wrong: there it said 1. */

export const EXIT_OK = 0;
/** Something the system refused: no permission, port in use, … */
export const EXIT_FAILURE = 1;
/** The command line or the configuration is wrong; nothing was begun. */
export const EXIT_USAGE = 2;
/** A fault of ours (EX_SOFTWARE of sysexits.h). */
export const EXIT_SOFTWARE = 70;
