// An ASP.NET Core SignalR server for the tests. Writes its address, then serves until its standard input ends.

using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SignalRServer;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddSignalR(options =>
{
    // A method that asks its caller would wait for itself otherwise.
    options.MaximumParallelInvocationsPerClient = 4;
    options.KeepAliveInterval = TimeSpan.FromSeconds(1);
    options.ClientTimeoutInterval = TimeSpan.FromSeconds(3);
});

var app = builder.Build();
app.MapHub<TestHub>("/hub");

// Passes the negotiation on, as Azure SignalR Service does: to a hub that wants the token.
app.MapPost("/redirect/negotiate", (HttpRequest request) =>
    Results.Json(new { url = $"http://{request.Host}/guarded", accessToken = "secret-token" }));
app.UseWhen(context => context.Request.Path.StartsWithSegments("/guarded"), branch => branch.Use(async (context, next) =>
{
    if (context.Request.Headers.Authorization == "Bearer secret-token") await next();
    else context.Response.StatusCode = StatusCodes.Status401Unauthorized;
}));
app.MapHub<TestHub>("/guarded");

await app.StartAsync();
var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
Console.WriteLine($"listening on {addresses.Addresses.First()}");
await Console.In.ReadToEndAsync();
await app.StopAsync();
