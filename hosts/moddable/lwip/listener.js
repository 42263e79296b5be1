import TCP from "embedded:io/socket/tcp";

/** The class Listener of ECMA-419 over lwIP: see listener.c. */
class Listener extends Native("xs_websockets_listener_destructor") {
  constructor(options) {
    super();
    native("xs_websockets_listener_constructor").call(this, options);
  }
  close() {
    native("xs_websockets_listener_close").call(this);
  }
  read() {
    return native("xs_websockets_listener_read").call(this, new TCP());
  }
  get port() {
    return native("xs_websockets_listener_get_port").call(this);
  }
  get isListening() {
    return native("xs_websockets_listener_get_isListening").call(this);
  }
  get format() {
    return "socket/tcp";
  }
  set format(format) {
    if (format !== "socket/tcp") throw new RangeError("the format of a Listener is socket/tcp");
  }
}

export default Listener;
