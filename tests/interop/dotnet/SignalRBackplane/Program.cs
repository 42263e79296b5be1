// One of several servers with the hub of SignalRServer, which share their clients by Redis: its address is in the
// environment. Writes its own address, then serves until its standard input ends.

using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using SignalRServer;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
builder.Services
    .AddSignalR(options =>
    {
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        options.ClientTimeoutInterval = TimeSpan.FromSeconds(3);
    })
    .AddStackExchangeRedis(Environment.GetEnvironmentVariable("TEST_REDIS") ?? throw new ArgumentException("TEST_REDIS"));

var app = builder.Build();
app.MapHub<TestHub>("/hub");
await app.StartAsync();
var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
foreach (var address in addresses.Addresses) Console.WriteLine($"listening on {address}");
// The console's own asynchronous methods are not.
_ = Task.Run(Console.In.ReadToEnd).ContinueWith(_ => app.Lifetime.StopApplication(), TaskScheduler.Default);
await app.WaitForShutdownAsync();
