// An ASP.NET Core SignalR server for the tests. Writes its address, then serves until its standard input ends.
// With a certificate and key as PEM in the environment it serves TLS, too, and writes that address as well.

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SignalRServer;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(options =>
{
    options.Listen(IPAddress.Loopback, 0);
    var (chain, key) = (Environment.GetEnvironmentVariable("TEST_CERTIFICATES"), Environment.GetEnvironmentVariable("TEST_KEY"));
    if (chain is null || key is null) return;
    options.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(https =>
    {
        https.ServerCertificate = X509Certificate2.CreateFromPem(chain, key);
        https.ServerCertificateChain = [];
        https.ServerCertificateChain.ImportFromPem(chain);
    }));
});
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
    Results.Json(new { url = $"{request.Scheme}://{request.Host}/guarded", accessToken = "secret-token" }));
app.UseWhen(context => context.Request.Path.StartsWithSegments("/guarded"), branch => branch.Use(async (context, next) =>
{
    if (context.Request.Headers.Authorization == "Bearer secret-token") await next();
    else context.Response.StatusCode = StatusCodes.Status401Unauthorized;
}));
app.MapHub<TestHub>("/guarded");

await app.StartAsync();
var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
foreach (var address in addresses.Addresses) Console.WriteLine($"listening on {address}");
// The console's own asynchronous methods are not.
_ = Task.Run(Console.In.ReadToEnd).ContinueWith(_ => app.Lifetime.StopApplication(), TaskScheduler.Default);
await app.WaitForShutdownAsync();
