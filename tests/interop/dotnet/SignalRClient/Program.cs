// The .NET client of SignalR, against the hub of tests/signalr/testhub.ts at the URL of the command line.
// Writes "ok NAME" or "not ok NAME: REASON" for each test, then "done".

using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

var url = args[0];
var tests = new Dictionary<string, Func<HubConnection, Task>>
{
    ["invoke"] = async connection => Equal(await connection.InvokeAsync<int>("Add", 1, 2), 3),
    ["no result"] = connection => connection.InvokeAsync("Nothing"),
    ["text"] = async connection =>
    {
        var text = "ä€\"\\\u001e" + new string('x', 4096);
        Equal(await connection.InvokeAsync<string>("Echo", text), text);
    },
    ["an error"] = async connection =>
    {
        var error = await Throws<HubException>(() => connection.InvokeAsync("Fail", "wrong colour"));
        Equal(error.Message.Contains("wrong colour"), true);
        error = await Throws<HubException>(() => connection.InvokeAsync("FailHidden"));
        Equal(error.Message.Contains("secret"), false);
    },
    ["a stream from the hub"] = async connection =>
    {
        var sum = 0;
        await foreach (var item in connection.StreamAsync<int>("Count", 5, 0)) sum += item;
        Equal(sum, 10);
    },
    ["a stream that is cancelled"] = async connection =>
    {
        var before = await connection.InvokeAsync<int>("CancelledStreams");
        using var cancellation = new CancellationTokenSource();
        try
        {
            await foreach (var item in connection.StreamAsync<int>("Count", 1_000_000, 5, cancellation.Token))
            {
                if (item == 2) cancellation.Cancel();
            }
        }
        catch (OperationCanceledException)
        {
            // It is what was asked for.
        }

        for (var round = 0; round < 100; round++)
        {
            if (await connection.InvokeAsync<int>("CancelledStreams") == before + 1) return;
            await Task.Delay(20);
        }

        throw new TimeoutException("the hub's stream did not end");
    },
    ["a stream to the hub"] = async connection => Equal(await connection.InvokeAsync<int>("Sum", Numbers(100)), 4950),
    // It then sends messages of 64 KB, in fragments.
    ["a stream to the hub that is faster than the network"] = async connection =>
        Equal(await connection.InvokeAsync<int>("Sum", Numbers(5000)), 12_497_500),
    ["streams both ways"] = async connection =>
    {
        var sum = 0;
        await foreach (var item in connection.StreamAsync<int>("Doubled", Numbers(4))) sum += item;
        Equal(sum, 12);
    },
    ["a result from the client"] = async connection =>
    {
        connection.On("GetName", () => "dotnet");
        Equal(await connection.InvokeAsync<string>("AskName"), "dotnet");
    },
    ["groups"] = async connection =>
    {
        var told = new TaskCompletionSource<string>();
        connection.On<string>("Told", text => told.TrySetResult(text));
        await connection.InvokeAsync("Join", "lights");
        await connection.SendAsync("TellGroup", "lights", "a");
        Equal(await told.Task.WaitAsync(TimeSpan.FromSeconds(5)), "a");
    },
    ["the id"] = async connection => Equal(await connection.InvokeAsync<string>("MyId"), connection.ConnectionId),
    ["keep-alive"] = async connection =>
    {
        await Task.Delay(TimeSpan.FromSeconds(2));
        Equal(await connection.InvokeAsync<int>("Add", 2, 2), 4);
    },
    ["the hub closes"] = async connection =>
    {
        var closed = new TaskCompletionSource<Exception?>();
        connection.Closed += error =>
        {
            closed.TrySetResult(error);
            return Task.CompletedTask;
        };
        await connection.SendAsync("Abort");
        Equal(await closed.Task.WaitAsync(TimeSpan.FromSeconds(5)), null);
    },
};

foreach (var (name, test) in tests)
{
    await Run(name, false, test);
}

await Run("without negotiation", true, async connection => Equal(await connection.InvokeAsync<int>("Add", 1, 2), 3));
Console.WriteLine("done");

async Task Run(string name, bool skipsNegotiation, Func<HubConnection, Task> test)
{
    await using var connection = new HubConnectionBuilder()
        .WithUrl(url, HttpTransportType.WebSockets, options => options.SkipNegotiation = skipsNegotiation)
        .WithServerTimeout(TimeSpan.FromSeconds(1.5))
        .WithKeepAliveInterval(TimeSpan.FromSeconds(0.5))
        .Build();
    try
    {
        await connection.StartAsync();
        await test(connection);
        Console.WriteLine($"ok {name}");
    }
    catch (Exception error)
    {
        Console.WriteLine($"not ok {name}: {error.Message.ReplaceLineEndings(" ")}");
    }
}

static async IAsyncEnumerable<int> Numbers(int count)
{
    for (var item = 0; item < count; item++)
    {
        await Task.Yield();
        yield return item;
    }
}

static void Equal<T>(T actual, T expected)
{
    if (!Equals(actual, expected)) throw new InvalidOperationException($"{actual}, expected {expected}");
}

static async Task<TError> Throws<TError>(Func<Task> action)
    where TError : Exception
{
    try
    {
        await action();
    }
    catch (TError error)
    {
        return error;
    }

    throw new InvalidOperationException("nothing was thrown");
}
