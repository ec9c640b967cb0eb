using Audit.Node.Pages.Shared;
using Audit.Projections.Queries;

namespace Audit.Node.Pages.SignIn;

public sealed record SignInView(string FormSecret, string Return, string? Wrong);
