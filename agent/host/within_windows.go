package host

// noWait is nothing here: opening a file of a folder does not wait.
const noWait = 0
