/** The class TCP of ECMA-419 over lwIP: see socketrecords.c. */
class TCP extends Native("xs_websockets_tcp_destructor") {
  constructor(options) {
    super();
    if (options !== undefined) native("xs_websockets_tcp_constructor").call(this, options);
  }
  close() {
    native("xs_websockets_tcp_close").call(this);
  }
  read(count) {
    return native("xs_websockets_tcp_read").call(this, count);
  }
  write(bytes) {
    return native("xs_websockets_tcp_write").call(this, bytes);
  }
  get remoteAddress() {
    return native("xs_websockets_tcp_get_remoteAddress").call(this);
  }
  get remotePort() {
    return native("xs_websockets_tcp_get_remotePort").call(this);
  }
  get format() {
    return native("xs_websockets_tcp_get_format").call(this);
  }
  set format(format) {
    native("xs_websockets_tcp_set_format").call(this, format);
  }
}

export default TCP;
