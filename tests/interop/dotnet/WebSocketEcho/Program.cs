// A WebSocket echo server of ASP.NET Core (Kestrel). Writes its address, then serves until its standard input ends.

using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");

var app = builder.Build();
// With a timeout it sends Pings, and ends a connection whose client does not answer them.
app.UseWebSockets(new WebSocketOptions
{
    KeepAliveInterval = TimeSpan.FromMilliseconds(200),
    KeepAliveTimeout = TimeSpan.FromSeconds(1),
});
app.Map("/echo", async context =>
{
    if (!context.WebSockets.IsWebSocketRequest)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsync("this is for WebSockets");
        return;
    }
    var offered = context.WebSockets.WebSocketRequestedProtocols;
    using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
    {
        SubProtocol = offered.Contains("chat.v1") ? "chat.v1" : null,
        DangerousEnableCompression = true,
    });
    await Echo(socket);
});

await app.StartAsync();
var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
Console.WriteLine($"listening on {addresses.Addresses.First()}");
await Console.In.ReadToEndAsync();
await app.StopAsync();

static async Task Echo(WebSocket socket)
{
    var buffer = new byte[16_384];
    using var message = new MemoryStream();
    for (;;)
    {
        var part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), CancellationToken.None);
        if (part.MessageType == WebSocketMessageType.Close)
        {
            if (socket.State == WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty,
                    socket.CloseStatus is null ? null : socket.CloseStatusDescription, CancellationToken.None);
            return;
        }
        message.Write(buffer, 0, part.Count);
        if (!part.EndOfMessage) continue;
        await Answer(socket, message.ToArray(), part.MessageType);
        message.SetLength(0);
    }
}

static async Task Answer(WebSocket socket, byte[] message, WebSocketMessageType type)
{
    var word = type == WebSocketMessageType.Text && message.Length < 20 ? Encoding.UTF8.GetString(message) : "";
    if (word == "close")
        await socket.CloseOutputAsync((WebSocketCloseStatus)4321, "schön war es", CancellationToken.None);
    else if (word == "fragments")
    {
        foreach (var part in new[] { "a", "é", "", "€", "😀" })
            await socket.SendAsync(Encoding.UTF8.GetBytes(part), type, false, CancellationToken.None);
        await socket.SendAsync(Array.Empty<byte>(), type, true, CancellationToken.None);
    }
    else
    {
        await socket.SendAsync(message, type, true, CancellationToken.None);
    }
}
