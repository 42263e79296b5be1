// Talks to an echo server with System.Net.WebSockets.ClientWebSocket: DotnetClient URL CHECK.
// Ends with exit code 0 where the check holds, with an exception where it does not.

using System.Net.WebSockets;
using System.Text;

var (url, check) = (new Uri(args[0]), args[1]);
using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
var token = deadline.Token;
int[] sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1 << 20];

await (check switch
{
    "echo" => EchoAll(),
    "fragments" => Fragments(),
    "pings" => Pings(),
    "client_closes" => ClientCloses(),
    "server_closes" => ServerCloses(),
    "subprotocol" => Subprotocol(),
    "compression" => Compression(),
    "aborts" => Aborts(),
    _ => throw new ArgumentException(check),
});

async Task<ClientWebSocket> Connect(Action<ClientWebSocketOptions>? configure = null)
{
    var client = new ClientWebSocket();
    configure?.Invoke(client.Options);
    await client.ConnectAsync(url, token);
    return client;
}

async Task EchoAll()
{
    using var client = await Connect();
    foreach (var size in sizes)
    {
        await Exchange(client, Text(size), WebSocketMessageType.Text);
        await Exchange(client, Binary(size), WebSocketMessageType.Binary);
    }
    await Close(client);
}

async Task Fragments()
{
    using var client = await Connect();
    var message = Text(10_000);
    for (var at = 0; at < message.Length; at += 33)
        await client.SendAsync(message.AsMemory(at, Math.Min(33, message.Length - at)), WebSocketMessageType.Text,
            at + 33 >= message.Length, token);
    await Expect(client, message, WebSocketMessageType.Text);
    await Close(client);
}

// With a timeout it sends Pings, and aborts where they are not answered.
async Task Pings()
{
    using var client = await Connect(options =>
    {
        options.KeepAliveInterval = TimeSpan.FromMilliseconds(100);
        options.KeepAliveTimeout = TimeSpan.FromMilliseconds(500);
    });
    // Pings are answered only while something is being received.
    var received = Receive(client);
    await Task.Delay(1_500, token);
    await client.SendAsync(Text(10), WebSocketMessageType.Text, true, token);
    Require((await received).Message.SequenceEqual(Text(10)), "the message came back");
    await Close(client);
}

async Task ClientCloses()
{
    using var client = await Connect();
    await client.CloseAsync((WebSocketCloseStatus)3001, "später", token);
    Require(client.CloseStatus == (WebSocketCloseStatus)3001, $"status {client.CloseStatus}");
    Require(client.State == WebSocketState.Closed, $"state {client.State}");
}

async Task ServerCloses()
{
    using var client = await Connect();
    await client.SendAsync("close"u8.ToArray(), WebSocketMessageType.Text, true, token);
    var (type, _) = await Receive(client);
    Require(type == WebSocketMessageType.Close, $"type {type}");
    Require(client.CloseStatus == (WebSocketCloseStatus)4321, $"status {client.CloseStatus}");
    Require(client.CloseStatusDescription == "schön war es", $"reason {client.CloseStatusDescription}");
    await client.CloseOutputAsync(client.CloseStatus ?? default, "", token);
}

async Task Subprotocol()
{
    using var client = await Connect(options =>
    {
        options.AddSubProtocol("unknown");
        options.AddSubProtocol("chat.v1");
    });
    Require(client.SubProtocol == "chat.v1", $"subprotocol {client.SubProtocol}");
    await Close(client);
}

async Task Compression()
{
    using var client = await Connect(options => options.DangerousDeflateOptions = new WebSocketDeflateOptions());
    await Exchange(client, Text(5_000), WebSocketMessageType.Text);
    await Close(client);
}

async Task Aborts()
{
    using var client = await Connect();
    await client.SendAsync(Text(10), WebSocketMessageType.Text, false, token);
    client.Abort();
}

async Task Exchange(ClientWebSocket client, byte[] message, WebSocketMessageType type)
{
    await client.SendAsync(message, type, true, token);
    await Expect(client, message, type);
}

async Task Expect(ClientWebSocket client, byte[] message, WebSocketMessageType type)
{
    var received = await Receive(client);
    Require(received.Type == type, $"type {received.Type}");
    Require(received.Message.SequenceEqual(message), $"{message.Length} bytes came back as {received.Message.Length}");
}

async Task<(WebSocketMessageType Type, byte[] Message)> Receive(ClientWebSocket client)
{
    var buffer = new byte[4_096];
    using var message = new MemoryStream();
    for (;;)
    {
        var part = await client.ReceiveAsync(new ArraySegment<byte>(buffer), token);
        message.Write(buffer, 0, part.Count);
        if (part.EndOfMessage) return (part.MessageType, message.ToArray());
    }
}

async Task Close(ClientWebSocket client)
{
    await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", token);
    Require(client.CloseStatus == WebSocketCloseStatus.NormalClosure, $"status {client.CloseStatus}");
}

static byte[] Text(int size) =>
    Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€😀", size / 10)) + new string('x', size % 10));

static byte[] Binary(int size) => [.. Enumerable.Range(0, size).Select(index => (byte)(index * 31 + (index >> 8)))];

static void Require(bool condition, string message)
{
    if (!condition) throw new InvalidOperationException(message);
}
