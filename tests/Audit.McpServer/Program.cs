using Audit.McpServer;

return args switch
{
    ["tools"] => await Tools.ServeAsync(),
    ["record", var directory] => await Recording.ServeAsync(directory),
    _ => 2,
};
