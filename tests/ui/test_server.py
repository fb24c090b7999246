"""What the server does before anybody comes."""

import socket
from contextlib import closing

from ui.app.server import send_at_once


def test_a_small_message_does_not_wait_for_the_one_before():
    with closing(socket.socket(family=socket.AF_INET)) as listens:  # as Streamlit makes it
        listens.bind(("127.0.0.1", 0))
        listens.listen()
        send_at_once()
        with closing(socket.create_connection(listens.getsockname())):
            connection, _ = listens.accept()
            with closing(connection):
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
