using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Audit.Node.Tests.Support;

/// <summary>An address of this machine at which bodies are posted, and what it answers.</summary>
internal sealed class ListeningPlace : IDisposable
{
    private readonly HttpListener listener = new();

    public ListeningPlace(Func<string, Task<(int Status, string Text)>> answer)
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Url = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        }

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
