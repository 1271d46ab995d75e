"""Small servers that the faults are made of; runs in the containers of the tests and in threads of the tests themselves.

As a program: `servers.py KIND:PORT[:ADDRESS[:ARGUMENT]] ...`, e.g. `http:8080:0.0.0.0:404`. KIND `sleep` only waits.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
import threading
import time


def http(channel, argument):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = channel.recv(4096)
        if not piece:
            return
        data += piece
    line = data.split(b"\r\n", 1)[0].decode("latin-1")
    target = line.split(" ")[1]
    status, body = argument or "200", b'{"models":[{"name":"tiny:1"}]}'
    extra = ""
    if status == "proxy":
        status, extra = "403", "Via: 1.1 proxy\r\n"
    elif status == "path":
        status = "200" if target == "/right" else "404"
    channel.sendall(f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n".encode() + body)


def redis(channel, argument):
    data = channel.recv(4096)
    channel.sendall(b"+PONG\r\n" if data.startswith(b"PING") else b"-ERR unknown command\r\n")


def postgres(channel, argument):
    if channel.recv(8)[4:8] == struct.pack("!I", 80877103):
        channel.sendall(b"N")
        channel.recv(1)


def mysql(channel, argument):
    body = b"\x0a8.0.36\x00" + b"\x01\x00\x00\x00abcdefgh\x00"
    channel.sendall(len(body).to_bytes(3, "little") + b"\x00" + body)
    channel.recv(1)


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def field(name, value):
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def grpc(channel, argument):
    """Argument: serving, not-serving, unimplemented."""
    data = b""
    while len(data) < 24:
        piece = channel.recv(4096)
        if not piece:
            return
        data += piece
    if not data.startswith(b"PRI * HTTP/2.0"):
        return
    data = data[24:]
    channel.sendall(frame(4, 0, 0, b""))
    while True:
        while len(data) < 9 or len(data) < 9 + int.from_bytes(data[:3], "big"):
            piece = channel.recv(4096)
            if not piece:
                return
            data += piece
        size, kind = int.from_bytes(data[:3], "big"), data[3]
        data = data[9 + size :]
        if kind == 0:
            break
    head = field("content-type", "application/grpc")
    if argument == "unimplemented":
        channel.sendall(frame(1, 5, 1, b"\x88" + head + field("grpc-status", "12")))
    else:
        status = 2 if argument == "not-serving" else 1
        channel.sendall(frame(1, 4, 1, b"\x88" + head) + frame(0, 0, 1, b"\x00\x00\x00\x00\x02\x08" + bytes([status])) + frame(1, 5, 1, field("grpc-status", "0")))
    time.sleep(0.2)


def hang(channel, argument):
    time.sleep(60)


def close(channel, argument):
    return


TALK = {"http": http, "redis": redis, "postgres": postgres, "mysql": mysql, "grpc": grpc, "hang": hang, "close": close, "https": http}


def listen(kind, port, address="127.0.0.1", argument=""):
    """Serve in threads until the process ends; gives the listening socket."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(64)
    context = None
    if kind == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(argument)
        argument = ""

    def one(channel):
        try:
            if context is not None:
                channel = context.wrap_socket(channel, server_side=True)
            TALK[kind](channel, argument)
        except OSError:
            pass
        finally:
            channel.close()

    def loop():
        while True:
            try:
                channel, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(channel,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return server


def main():
    for spec in sys.argv[1:]:
        kind, _, rest = spec.partition(":")
        if kind == "sleep":
            continue
        if kind == "eat":
            waste = []
            while True:
                waste.append(b"x" * (8 << 20))
                time.sleep(0.001)
        port, _, rest = rest.partition(":")
        address, _, argument = rest.partition(":") if not rest.startswith("[") else (rest[1 : rest.index("]")], "", rest[rest.index("]") + 2 :])
        listen(kind, int(port), address or "0.0.0.0", argument)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
