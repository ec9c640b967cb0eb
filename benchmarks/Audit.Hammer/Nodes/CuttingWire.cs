using System.Net;
using System.Net.Sockets;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A wire between two programs that is cut within a message, or that swallows what is sent as a machine does that is
/// gone: both ends go on believing in each other.
/// </summary>
internal sealed class CuttingWire : IAsyncDisposable
{
    private const int Endless = int.MaxValue;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<(string Host, int Port)> target;
    private readonly HashSet<Socket> open = [];
    private readonly Task accepting;
    private int bytesLeft = Endless;
    private volatile bool isSwallowing;

    public CuttingWire(Func<(string Host, int Port)> target)
    {
        this.target = target;
        listener.Start();
        accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Lets so many bytes through, and cuts every connection then, mostly within a message.</summary>
    public void CutAfter(int bytes) => Volatile.Write(ref bytesLeft, bytes);

    public void Swallow() => isSwallowing = true;

    /// <summary>New connections are as they should be; those that lost something are cut.</summary>
    public void Mend()
    {
        var wasSwallowing = isSwallowing;
        Volatile.Write(ref bytesLeft, Endless);
        isSwallowing = false;
        if (wasSwallowing)
        {
            Cut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        Cut();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync(stop.Token);
                _ = Task.Run(() => JoinAsync(near));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task JoinAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            var (host, port) = target();
            lock (open)
            {
                open.Add(near);
                open.Add(far);
            }

            await far.ConnectAsync(IPAddress.Parse(host), port);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Nobody is there at the other end.
        }
        finally
        {
            Abort(near);
            Abort(far);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16_384];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count && count > 0)
            {
                if (isSwallowing)
                {
                    continue;
                }

                var passed = Volatile.Read(ref bytesLeft) == Endless ? count : Allowed(count);
                if (passed > 0)
                {
                    await to.SendAsync(buffer.AsMemory(0, passed));
                }

                if (passed < count)
                {
                    return;
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // One end is gone, and so is the wire.
        }
    }

    private int Allowed(int wanted)
    {
        var left = Interlocked.Add(ref bytesLeft, -wanted);
        return left >= 0 ? wanted : Math.Max(0, wanted + left);
    }

    private void Cut()
    {
        lock (open)
        {
            foreach (var socket in open.ToArray())
            {
                Abort(socket);
            }
        }
    }

    private void Abort(Socket socket)
    {
        lock (open)
        {
            open.Remove(socket);
        }

        try
        {
            // Reset, not closed in good order.
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // It was gone before.
        }
    }
}
