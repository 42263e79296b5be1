using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.SignalR;

namespace SignalRServer;

/// <summary>The methods of tests/signalr/testhub.ts.</summary>
public sealed class TestHub : Hub
{
    private static int cancelledStreams;

    public int Add(int one, int other) => one + other;

    public object? Echo(object? value) => value;

    public void Nothing()
    {
    }

    public void Fail(string message) => throw new HubException(message);

    public void FailHidden() => throw new InvalidOperationException("secret");

    public Task Wait(int delayMs) => Task.Delay(delayMs);

    public string MyId() => Context.ConnectionId;

    public async IAsyncEnumerable<int> Count(
        int limit,
        int delayMs,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isDone = false;
        try
        {
            for (var item = 0; item < limit; item++)
            {
                if (delayMs > 0) await Task.Delay(delayMs, cancellationToken);
                yield return item;
            }

            isDone = true;
        }
        finally
        {
            if (!isDone) Interlocked.Increment(ref cancelledStreams);
        }
    }

    public int CancelledStreams() => cancelledStreams;

    public async IAsyncEnumerable<int> FailingStream(int limit)
    {
        for (var item = 0; item < limit; item++)
        {
            await Task.Yield();
            yield return item;
        }

        throw new HubException("stream failed");
    }

    public async Task<int> Sum(IAsyncEnumerable<int> items)
    {
        var sum = 0;
        await foreach (var item in items) sum += item;
        return sum;
    }

    public async Task<int> SlowSum(int delayMs, IAsyncEnumerable<int> items)
    {
        var sum = 0;
        await foreach (var item in items)
        {
            if (item % 50 == 0) await Task.Delay(delayMs);
            sum += item;
        }

        return sum;
    }

    public async IAsyncEnumerable<int> Doubled(IAsyncEnumerable<int> items)
    {
        await foreach (var item in items) yield return 2 * item;
    }

    public Task<string> AskName() => Clients.Caller.InvokeAsync<string>("GetName", CancellationToken.None);

    public Task Join(string name) => Groups.AddToGroupAsync(Context.ConnectionId, name);

    public Task Leave(string name) => Groups.RemoveFromGroupAsync(Context.ConnectionId, name);

    public Task TellGroup(string name, string text) => Clients.Group(name).SendAsync("Told", text);

    public Task TellAll(string text) => Clients.All.SendAsync("Told", text);

    public Task TellOthers(string text) => Clients.Others.SendAsync("Told", text);

    public Task TellClient(string id, string text) => Clients.Client(id).SendAsync("Told", text);

    public void Abort() => Context.Abort();
}
