/** Prints "ready" and waits to be killed. For tests of what a killed process leaves. */
console.log("ready");
setInterval(() => {}, 60_000);
