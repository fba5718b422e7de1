/** The largest file that is taken, in megabytes: twice a table of a hundred thousand customers and more. */
export const importBytesMb = 32
export const importBytesMax = importBytesMb * 1024 * 1024
/** The most rows a file has. */
export const importRowsMax = 500_000
