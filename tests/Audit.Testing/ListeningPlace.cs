using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Audit.Testing;

/// <summary>An address of this machine at which bodies are posted, and what it answers.</summary>
public sealed class ListeningPlace : IDisposable
{
    private readonly HttpListener listener = new();

    public ListeningPlace(Func<string, Task<(int Status, string Text)>> answer)
    {
        Url = new Uri($"http://127.0.0.1:{FreePorts.Of(1)[0]}/");
        listener.Prefixes.Add(Url.ToString());
        listener.Start();
        _ = Task.Run(() => ServeAsync(answer));
    }

    public Uri Url { get; }

    public void Dispose() => listener.Close();

    private async Task ServeAsync(Func<string, Task<(int Status, string Text)>> answer)
    {
        try
        {
            while (true)
            {
                // Each by itself: a node that is stopped may leave half a question, and the next one has to be answered.
                _ = AnswerAsync(await listener.GetContextAsync(), answer);
            }
        }
        catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
        {
            // It was closed.
        }
    }

    private static async Task AnswerAsync(HttpListenerContext context, Func<string, Task<(int Status, string Text)>> answer)
    {
        try
        {
            using var body = new StreamReader(context.Request.InputStream);
            var (status, text) = await answer(await body.ReadToEndAsync());
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
        catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException)
        {
            // Who asked has gone.
        }
    }
}

/// <summary>An address that answers whoever comes with white space, a letter after another, and never ends.</summary>
public sealed class DrippingPlace : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();

    public DrippingPlace()
    {
        listener.Start();
        Url = new Uri($"http://{listener.LocalEndpoint}");
        _ = Task.Run(ServeAsync);
    }

    public Uri Url { get; }

    public void Dispose()
    {
        ending.Cancel();
        listener.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = DripAsync(await listener.AcceptTcpClientAsync(ending.Token));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It was closed.
        }
    }

    private async Task DripAsync(TcpClient caller)
    {
        using var held = caller;
        try
        {
            var stream = caller.GetStream();
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8.ToArray(), ending.Token);
            while (true)
            {
                await stream.WriteAsync(" "u8.ToArray(), ending.Token);
                await Task.Delay(100, ending.Token);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // Who asked has gone, or the place is closed.
        }
    }
}

/// <summary>Ports of this machine, for what is told beforehand where it listens.</summary>
public static class FreePorts
{
    /// <summary>So many that are free now.</summary>
    public static int[] Of(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(listeners, listener => listener.Start());
        var ports = Array.ConvertAll(listeners, listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        Array.ForEach(listeners, listener => listener.Dispose());
        return ports;
    }
}
